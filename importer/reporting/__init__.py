"""What a run leaves for people and programs: results, rejects, annotated workbook, page, summary.

Every report is written from a `RunReport` and the results of its rows, so it can be written again at any time.
"""

from importer.reporting.annotated.annotated_workbook import write_annotated
from importer.reporting.overview import Overview
from importer.reporting.page.html_page import write_html
from importer.reporting.rejects import REJECT_COLUMNS, rejects_csv
from importer.reporting.rejects_workbook import rejects_xlsx
from importer.reporting.results import RESULT_COLUMNS, results_csv
from importer.reporting.summary import summary, write_summary

__all__ = [
    "REJECT_COLUMNS",
    "RESULT_COLUMNS",
    "Overview",
    "rejects_csv",
    "rejects_xlsx",
    "results_csv",
    "summary",
    "write_annotated",
    "write_html",
    "write_summary",
]

"""What a run leaves for people and programs: results, problems, leads, rejects, annotated workbook, page, summary.

Every report is written from a `RunReport` and the results of its rows, so it can be written again at any time.
"""

from importer.reporting.annotated.annotated_workbook import write_annotated
from importer.reporting.leads import LEAD_COLUMNS, leads_csv
from importer.reporting.overview import Overview
from importer.reporting.page.html_page import write_html
from importer.reporting.problems import PROBLEM_COLUMNS, problems_csv
from importer.reporting.rejects import REJECT_COLUMNS, rejects_csv
from importer.reporting.rejects_workbook import rejects_xlsx
from importer.reporting.results import RESULT_COLUMNS, results_csv
from importer.reporting.summary import summary, write_summary

__all__ = [
    "LEAD_COLUMNS",
    "PROBLEM_COLUMNS",
    "REJECT_COLUMNS",
    "RESULT_COLUMNS",
    "Overview",
    "leads_csv",
    "problems_csv",
    "rejects_csv",
    "rejects_xlsx",
    "results_csv",
    "summary",
    "write_annotated",
    "write_html",
    "write_summary",
]

"""OpenDocument files: repeated cells are counted before anything writes them out."""

from __future__ import annotations

import zipfile

import pytest

from importer.errors import SourceError

NAMES = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
)
MANIFEST = (
    '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
)


def cell(text="", times=1):
    filling = f' office:value-type="string"><text:p>{text}</text:p></table:table-cell>' if text else "/>"
    return f'<table:table-cell table:number-columns-repeated="{times}"{filling}'


def row(*cells, times=1):
    return f'<table:table-row table:number-rows-repeated="{times}">{"".join(cells)}</table:table-row>'


LEADS = row(cell("id"), cell("name")) + row(cell("1"), cell("Asha"))


@pytest.fixture
def ods_of(tmp_path):
    def write(rows):
        path = tmp_path / "leads.ods"
        table = f'<table:table table:name="Leads">{rows}</table:table>'
        body = f"<office:body><office:spreadsheet>{table}</office:spreadsheet></office:body>"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
            archive.writestr("META-INF/manifest.xml", MANIFEST)
            archive.writestr("content.xml", f"<office:document-content {NAMES}>{body}</office:document-content>")
        return path

    return write


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (row(cell("x", 1_000), times=40_000), "row 40002 and column 1000"),  # 5 GiB and 30 s if written out
        (row(cell("x", 16_384), times=1_048_570), "row 1048572 and column 16384"),
        (row(cell(), times=1_048_573) + row(cell(times=16_383), cell("x")), "row 1048576 and column 16384"),
        (row(cell("x" * 30_000), times=5_000), "MB of text"),
    ],
)
def test_what_would_fill_the_memory_is_refused(ods_of, see_all, rows, message):
    path = ods_of(LEADS + rows)
    with pytest.raises(SourceError, match=message) as refusal:
        see_all(path)
    assert str(path) in refusal.value.message
    assert refusal.value.tip


def test_blank_rows_and_columns_to_the_end_of_the_sheet_do_no_harm(ods_of, see_all):
    """So LibreOffice saves every sheet with a format on a whole row or column."""
    path = ods_of(LEADS + row(cell(times=16_384), times=1_048_574))
    assert see_all(path)[0].rows == {2: ["1", "Asha"]}


def test_repeated_cells_and_rows_are_read(ods_of, see_all):
    path = ods_of(LEADS + row(cell("2", 2), times=3))
    assert list(see_all(path)[0].rows.items())[1:] == [(3, ["2", "2"]), (4, ["2", "2"]), (5, ["2", "2"])]


def test_it_is_said_that_error_cells_cannot_be_told_from_blank_ones(ods_of, see_all):
    error = '<table:table-cell office:value-type="string" calcext:value-type="error"><text:p>#N/A</text:p>'
    (seen,) = see_all(ods_of(LEADS + row(cell("2"), f"{error}</table:table-cell>")))
    assert any("do not tell error cells" in note for note in seen.info.notes)

"""Whatever a cell, a file or a server says, it stays text: in a terminal, a spreadsheet, a page, an address, YAML."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import pyarrow as pa
import yaml
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup
from openpyxl.utils.escape import unescape as as_excel_reads

from importer.crm.address import segment, url_of
from importer.crm.credential import Credential, CredentialKind
from importer.model.operation import Call, Kind, Operation, RowId
from importer.model.problem import shown
from importer.model.texts import TEXT
from importer.model.visible import visible
from importer.profiling.columns.yaml_fixes import flow
from importer.profiling.suggest.yaml_page import printable, rule, scalar
from importer.reporting.annotated.xml_edit import text_cell
from importer.reporting.csv_columns import neutral, quoted, write_lines
from importer.reporting.workbook_text import CELL_LENGTH
from importer.sandbox.endpoints import find_address
from tests.fuzz.profiles import fuzzed

TRICKY = st.sampled_from(
    (
        "=1+1", "+1-1", "-1", "@SUM(A1)", "\t=1", "\u200b=1", "＝1", "'=1", "|cmd", "+919876543210", "#N/A",
        "\x1b[2J", "\x9b31m", "\u202etxt", "\u2066x\u2069", "\x00", "\r\n", "\ufeff", "\ud7ff", "\U000e0041",
        "<script>", "</td>", "&lt;", '" onmouseover="x', "javascript:x", "]]>", "%2F", "../", "a/b", "%00", "é",
        ": ", " #", "*a", "&a", "!t", "---", "yes", "null", "0x1F", "{a}", "`", "\\", "\x85", "\u2028",
    )
)  # fmt: skip
STEPS = (".", "..")
TEXTS = st.lists(TRICKY | st.text(max_size=12), min_size=1, max_size=3).map("".join).filter(bool)


@fuzzed
@given(TEXTS)
def test_a_terminal_gets_nothing_but_what_is_seen(text: str) -> None:
    for character in visible(text, keep="\n", longest=None):
        assert character == "\n" or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@fuzzed
@given(TEXTS)
def test_a_message_shows_a_value_on_one_line(text: str) -> None:
    assert len(shown(text).splitlines()) <= 1
    assert len(shown(text, 20)) <= 20


@fuzzed
@given(TEXTS, TEXTS)
def test_no_cell_is_a_formula_and_every_one_can_be_restored(text: str, other: str) -> None:
    written = neutral(text)
    seen = "".join(c for c in written if not c.isspace() and unicodedata.category(c) not in {"Cc", "Cf"})
    assert seen[:1] not in set("=+-@|＝＋－＠｜﹢﹣﹦﹫") or (
        written == text and seen.isascii() and seen[1:].isdecimal()
    )
    assert written in (text, f"'{text}")
    assert (written == neutral(other)) == (text == other)


@fuzzed
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=3))
def test_columns_of_csv_are_read_back_as_they_were(rows: list[tuple[str, str]]) -> None:
    written = io.BytesIO()
    texts = [[text.encode("utf-8", "replace").decode() for text in column] for column in zip(*rows, strict=True)]
    write_lines(written, [quoted(pa.array(column, TEXT)) for column in texts])
    lines = csv.reader(io.StringIO(written.getvalue().decode(), newline=""), strict=True)
    assert [*zip(*lines, strict=True)] == [tuple(column) for column in texts]


@fuzzed
@given(TEXTS)
def test_a_cell_of_a_workbook_holds_text_and_nothing_else(text: str) -> None:
    cell = ElementTree.fromstring(text_cell("A1", 1, text))
    ((inside,),) = cell
    assert (cell.attrib, inside.tag, list(inside)) == ({"r": "A1", "s": "1", "t": "inlineStr"}, "t", [])
    holdable = "".join(c for c in text.replace("\r\n", "\n").replace("\r", "\n") if c in "\t\n" or c >= " ")
    holdable = "".join(c for c in holdable if not ("\ud800" <= c <= "\udfff" or c in "\ufffe\uffff"))
    assert as_excel_reads(inside.text or "") == holdable[:CELL_LENGTH]
    long = ElementTree.fromstring(text_cell("A1", 1, text * 3_000))
    assert len(as_excel_reads(long[0][0].text or "")) <= CELL_LENGTH


class _Seen(HTMLParser):
    """What a browser takes for elements, attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.title = self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.title = dict(attrs)["title"] or ""

    def handle_data(self, data: str) -> None:
        self.text += data


@fuzzed
@given(TEXTS)
def test_a_page_shows_text_as_text(text: str) -> None:
    shown_text = visible(text)
    page = Markup('<b title="{}">{}</b>').format(shown_text, shown_text)
    seen = _Seen()
    seen.feed(page)
    seen.close()
    assert seen.elements == ["b"]
    assert (seen.title, seen.text) == (shown_text, shown_text)
    assert isinstance(shown_text, str)
    assert not set(shown_text) & set("\x00\x1b\x9b\u202e\u2066\ufeff\u200b")


ADDRESSED = TEXTS.filter(lambda text: text not in STEPS)


@fuzzed
@given(org=ADDRESSED, crm_id=ADDRESSED)
def test_an_address_says_exactly_one_lead(org: str, crm_id: str) -> None:
    assert unquote(segment(crm_id)) == crm_id
    assert segment(crm_id).isascii()
    call = Call(
        row=RowId(0, 2), ordinal=1, operation=Operation(kind=Kind.ASSIGN, key="k", body=b"{}"), crm_id=crm_id
    )  # fmt: skip
    url = urlsplit(url_of("https://x.example", org, call))
    assert (url.netloc, url.query, url.fragment) == ("x.example", "", "")
    address = find_address(url.path.encode())
    assert address is not None
    assert (address.org, address.lead) == (org, crm_id)


@fuzzed
@given(TEXTS, TEXTS)
def test_a_proposed_mapping_says_the_names_as_they_are(key: str, value: str) -> None:
    assert yaml.safe_load(f"a: {scalar(value)}") == {"a": value}
    written = {"column": value, "x": (key, value), "map": {key: value}}
    read = {"column": value, "x": [key, value], "map": {key: value}}
    assert yaml.safe_load(f"a: {rule(written)}") == {"a": read}
    assert yaml.safe_load(f"# {printable(value)}\na: 1") == {"a": 1}
    assert yaml.safe_load(flow({key: value})) == {key: value}


@fuzzed
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=20), TEXTS)
def test_what_a_server_repeats_of_the_key_is_hidden(secret: str, text: str) -> None:
    hidden = Credential(CredentialKind.API_KEY, secret, source="x").hidden(f"{text}{secret}{text} {secret}")
    assert secret not in hidden
    assert json.loads(json.dumps(hidden)) == hidden

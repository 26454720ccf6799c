"""Whatever a header and its cells hold, the proposed mapping loads and binds to the file."""

import string
from datetime import UTC, datetime

import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from importer.mapping import Mapper, columns_of, parse_mapping
from importer.model.source import ReadOptions, SourceInfo
from importer.profiling.header_words import all_words
from importer.profiling.suggest import suggest
from importer.profiling.suggest.yaml_page import printable, rule, scalar

TRICKY = (
    *("yes", "No", "~", "null", "1e3", "0x1F", "a: b", "a #b", "- x", "? y", "*z", "&z", "!t", "%d", "@me", "`q`"),
    *("{a}", "[a]", "<<", "=", "|", ">", "---", "...", " padded ", "two  blanks", "ends:", "#"),
    *("a, b", "'q'", '"q"', "a\\b", "line\nbreak", "tab\there", "\u2028", "\x85", "\ufeffID", "\x00"),
    *("मोबाइल", "😀", "\u202eabc", "a" * 900, "é" * 300, "value", "column", "digest_of"),
)  # fmt: skip
NAMES = st.one_of(
    st.text(min_size=1, max_size=30),
    st.sampled_from(TRICKY),
    st.sampled_from(sorted(all_words())),
    st.sampled_from(("First Name", "Last Name", "Phone 1 - Value", "Record Id", "Lead Owner.id", "Id", "OwnerId")),
).filter(str.strip)  # fmt: skip
CELLS = st.one_of(
    st.sampled_from(("", "98765 43210", "+12025550143", "Asha Rao", "a@b.example", "05/01/2026", "yes", "12", "IN")),
    st.sampled_from(TRICKY),
    st.text(max_size=12),
    st.text(string.digits, max_size=14),
)  # fmt: skip


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    names = draw(st.lists(NAMES, min_size=1, max_size=6, unique=True))
    rows = draw(st.integers(min_value=1, max_value=4))
    cells = {name: draw(st.lists(CELLS, min_size=rows, max_size=rows)) for name in names}
    return pd.DataFrame(cells, index=range(2, rows + 2), dtype="str")


def a_source(frame: pd.DataFrame) -> SourceInfo:
    columns = tuple(str(name) for name in frame.columns)
    return SourceInfo(path="x.csv", sha256="0" * 64, format="csv", columns=columns, headers=columns, header_row=1)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(frame=tables(), file=st.text(min_size=1, max_size=20))
@example(frame=pd.DataFrame({name: ["x"] for name in TRICKY}, dtype="str"), file="a\nb: #c.yaml")
def test_any_table_leads_to_a_mapping_that_loads(frame: pd.DataFrame, file: str) -> None:
    info = a_source(frame)
    text = suggest(info, frame, given=ReadOptions(), source=file, target=file).text
    loaded = parse_mapping(text, "m.yaml")
    assert columns_of(loaded.mapping) <= set(info.columns)
    mapper = Mapper(loaded, info, now=datetime(2026, 11, 22, tzinfo=UTC))
    assert len(mapper.apply(frame).frame) == len(frame)
    # Any other reader of YAML sees the same fields.
    assert list(yaml.safe_load(text)["lead"]) == list(yaml.load(text, Loader=yaml.BaseLoader)["lead"])


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(text=st.one_of(st.text(), st.sampled_from(TRICKY)))
@example(text="Lead ID")
@example(text="a ")
def test_a_scalar_is_read_as_it_was_written(text: str) -> None:
    assert yaml.safe_load(f"key: {scalar(text)}") == {"key": text}
    assert yaml.safe_load(f"key: {rule({'column': text, 'values': (text, text)})}") == {
        "key": {"column": text, "values": [text, text]}
    }


@given(text=st.text())
def test_a_comment_is_one_line_without_anything_hidden(text: str) -> None:
    assert printable(text).isprintable()
    assert yaml.safe_load(f"# {printable(text)}\nkey: x") == {"key": "x"}


@pytest.mark.slow
def test_thousands_of_columns_do_not_make_a_mapping_too_large_to_load() -> None:
    frame = pd.DataFrame(
        [["7"] * 3000], columns=[f"A rather long name of column {n}" for n in range(3000)], dtype="str"
    )
    text = suggest(a_source(frame), frame, given=ReadOptions(), source="w.csv", target="w.yaml").text
    assert parse_mapping(text, "w.yaml")
    assert len(text) < 100_000
    assert "more columns" in text

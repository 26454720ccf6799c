"""Numbers, booleans, lists, JSON and translated values."""

import json
from collections.abc import Callable
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.mapping.values.converted import Broken, Converted, converted_by_value
from importer.mapping.values.number_parsing import read_integer, read_number
from importer.mapping.values.typed_values import map_reader, read_boolean, read_json, read_list
from importer.model.problem import KINDS

Read = Callable[[str], str | Broken]


def column(*texts: str) -> "pd.Series[str]":
    return pd.Series(texts, index=range(2, 2 + len(texts)), dtype="str")


def by(read: Read, series: "pd.Series[str]") -> Converted:
    return converted_by_value(series, read)


def only(converted: Converted) -> str:
    assert not converted.findings
    (value,) = converted.values
    return str(value)


def code(converted: Converted) -> str:
    assert converted.values.tolist() == [""]
    (finding,) = converted.findings
    assert finding.code in KINDS
    return finding.code


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("12", "12"),
        ("12.0", "12"),
        ("12,00", "12"),
        ("-3", "-3"),
        ("−3", "-3"),
        ("+5", "5"),
        ("007", "7"),
        ("-0", "0"),
        ("1,234,567", "1234567"),
        ("12,34,567", "1234567"),
        ("1.234.567", "1234567"),
        ("1 234", "1234"),
        ("1\u202f234\u00a0567", "1234567"),
        ("1'234", "1234"),
        ("12345678901234567890", "12345678901234567890"),
    ],
)
def test_whole_numbers(text: str, want: str) -> None:
    assert only(by(read_integer, column(text))) == want
    assert only(by(read_number, column(text))) == want


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("1.234", "1.234"),
        ("3,5", "3.5"),
        (".5", "0.5"),
        ("-.25", "-0.25"),
        (",5", "0.5"),
        (".5E-1", "0.05"),
        ("12.50", "12.5"),
        ("0,125", "0.125"),
        ("1234,567", "1234.567"),
        ("1,234.56", "1234.56"),
        ("1.234,56", "1234.56"),
        ("1.234.567,8", "1234567.8"),
        ("12,34,567.8", "1234567.8"),
        ("1 234,5", "1234.5"),
        ("1’234.5", "1234.5"),
        ("1.5E-3", "0.0015"),
        ("0.0000001", "0.0000001"),
    ],
)
def test_fractions(text: str, want: str) -> None:
    assert only(by(read_number, column(text))) == want
    assert code(by(read_integer, column(text))) == "integer-invalid"


@pytest.mark.parametrize("text", ["1,234", "-12,345", "999,000"])
def test_a_comma_before_three_digits_could_be_either(text: str) -> None:
    (finding,) = by(read_number, column(text)).findings
    assert finding.code == "number-invalid"
    assert finding.detail.startswith("could be ")
    assert code(by(read_integer, column(text))) == "integer-invalid"


def test_a_point_before_three_digits_is_no_whole_number() -> None:
    (finding,) = by(read_integer, column("12.000")).findings
    assert "could be 12000 or 12.000" in finding.detail


@pytest.mark.parametrize(
    "text", ["abc", "12%", "€ 5", "5-", "(5)", "1,23,4", "1e400", ".", "-", "1..2", "0x10", "NaN", "inf"]
)
def test_no_numbers(text: str) -> None:
    assert code(by(read_number, column(text))) == "number-invalid"
    assert code(by(read_integer, column(text))) == "integer-invalid"


def test_a_number_that_would_lose_digits_is_refused() -> None:
    assert code(by(read_number, column("0.12345678901234567890"))) == "number-invalid"
    assert code(by(read_integer, column("1.2E+11"))) == "integer-invalid"


@given(st.integers())
def test_any_integer(number: int) -> None:
    assert only(by(read_integer, column(str(number)))) == str(number)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_float_keeps_its_value_and_is_json(number: float) -> None:
    literal = only(by(read_number, column(repr(number))))
    assert float(json.loads(literal)) == number
    assert Decimal(literal) == Decimal(repr(number))


@pytest.mark.parametrize(
    ("texts", "want"),
    [
        (("Yes", "TRUE", "1", "1.0", "y", "on", "Ja", "Oui", "SÍ"), "true"),
        (("no", "False", "0", "0.0", "N", "off", "nein", "Non"), "false"),
    ],
)
def test_booleans(texts: tuple[str, ...], want: str) -> None:
    assert set(by(read_boolean, column(*texts)).values) == {want}


@pytest.mark.parametrize("text", ["maybe", "2", "x", "-1"])
def test_no_booleans(text: str) -> None:
    assert code(by(read_boolean, column(text))) == "boolean-invalid"


def test_lists() -> None:
    converted = by(lambda text: read_list(text, ";"), column("a; b ;;é", 'x"y', ";", ""))
    assert converted.values.tolist() == ['["a","b","é"]', '["x\\"y"]', "[]", ""]


def test_json_is_written_compactly() -> None:
    assert only(by(read_json, column('{"b": [1.50, null, true],\n "a": "é"}'))) == '{"b":[1.5,null,true],"a":"é"}'


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("{bad", "at character 2"),
        ("{'a': 1}", "at character 2"),
        ("[1] x", "at character 5"),
        ("NaN", "NaN is no JSON number"),
        ("[-Infinity]", "-Infinity is no JSON number"),
        ('{"a":1,"a":2}', "the key “a” appears twice"),
        ("[1e999]", "more digits than a number keeps"),
        ("[0.12345678901234567890123]", "more digits than a number keeps"),
        ("9" * 5000, "a number of 5000 digits is too long"),
        ('"\\ud800"', "half a character"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_no_json(text: str, detail: str) -> None:
    (finding,) = by(read_json, column(text)).findings
    assert finding.code == "json-invalid"
    assert detail in finding.detail


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(JSON)
def test_any_json_keeps_its_value(value: object) -> None:
    assert json.loads(only(by(read_json, column(json.dumps(value))))) == value


def test_translation_takes_the_exact_key_first_and_then_the_only_one_that_differs_in_case() -> None:
    table = {"1": "one", "Gold": "A", "gold": "B", "Hot Lead": "C"}
    converted = by(map_reader(table, "problem"), column("1", "Gold", "gold", "GOLD", "hot lead", ""))
    assert converted.values.tolist() == ["one", "A", "B", "", "C", ""]
    (finding,) = converted.findings
    assert (finding.row, finding.code, finding.value) == (5, "value-not-in-map", "GOLD")


def test_translation_of_other_values() -> None:
    table = {"1": "one"}
    assert by(map_reader(table, "keep"), column("2")).values.tolist() == ["2"]
    assert by(map_reader(table, "blank"), column("2")).values.tolist() == [""]
    assert not by(map_reader(table, "blank"), column("2")).findings
    assert by(map_reader({"1": ""}, "problem"), column("2")).findings


@pytest.mark.parametrize("convert", [read_integer, read_number, read_boolean, read_json])
def test_blank_cells_pass_and_rows_keep_their_numbers(convert: Read) -> None:
    series = pd.Series(["", "what?", " "], index=[7, 9, 4], dtype="str")
    converted = by(convert, series)
    assert converted.values.tolist() == ["", "", ""]
    assert converted.values.index.tolist() == [7, 9, 4]
    assert [finding.row for finding in converted.findings] == [9]

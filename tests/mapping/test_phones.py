"""Phones become E.164, and what is not one says why."""

import pandas as pd
import pytest

from importer.mapping.values.converted import Converted
from importer.mapping.values.phone import phones
from importer.model.problem import KINDS


def column(*texts: str) -> "pd.Series[str]":
    return pd.Series(texts, index=range(2, 2 + len(texts)), dtype="str")


def one(text: str, region: str | None = "IN", cell: str | None = None) -> Converted:
    return phones(column(text), region, None if cell is None else column(cell))


@pytest.mark.parametrize(
    "text",
    [
        "9876543210",
        "09876543210",
        "919876543210",
        "+91 98765-43210",
        "+91 (0) 98765 43210",
        "0091 98765 43210",
        " 98765\u00a043210 ",
        "\ufeff+919876543210",
        "'+919876543210",
        '="+919876543210"',
        "tel:+91-98765-43210",
        "tel:98765-43210;phone-context=+91",
        "٩٨٧٦٥٤٣٢١٠",
        "९८७६५४३२१०",
        "919876543210.0",
        "9876543210.00",
        "9.19876543210E+11",
        "9,19876543210e11",
        "9.198765432100E+11",
        "+9.19876543210E+11",
    ],
)
def test_one_number_however_written(text: str) -> None:
    converted = one(text)
    assert converted.values.tolist() == ["+919876543210"]
    assert not converted.findings


@pytest.mark.parametrize(
    ("text", "region", "code", "detail"),
    [
        ("12345", "IN", "phone-invalid", "is not a valid phone number in IN (+91): too short"),
        ("98765432101234", "IN", "phone-invalid", "is not a valid phone number in IN (+91): too long"),
        ("5555555555", "IN", "phone-invalid", "is not a valid phone number in IN (+91)"),
        ("555-2671", "US", "phone-invalid", "is not a valid phone number in US (+1): area code missing"),
        ("+999123456", "IN", "phone-invalid", "begins with a country code that does not exist"),
        ("079122152", "GB", "phone-invalid", "is not a valid phone number in GB (+44): too short"),
        ("0391234567890", "GB", "phone-invalid", "is not a valid phone number in GB (+44): too long"),
        ("5412345678", "AU", "phone-invalid", "is not a valid phone number in AU (+61)"),
        ("415 555 2671 (home)", "US", "phone-invalid", "contains letters, which may be a note"),
        ("98765 43210 (WhatsApp)", "IN", "phone-invalid", "contains letters, which may be a note"),
        ("98765 4321 (mum)", "IN", "phone-invalid", "contains letters, which may be a note"),
        ("hello", "IN", "phone-invalid", "is not a phone number"),
        ("########", "IN", "phone-invalid", "is not a phone number"),
        ("9.19877E+11", "IN", "phone-digits-lost", "was rounded by a spreadsheet: it shows 6 of 12 digits"),
        ("9,2E+11", "IN", "phone-digits-lost", "was rounded by a spreadsheet: it shows 2 of 12 digits"),
        ("9E+11", "IN", "phone-digits-lost", "was rounded by a spreadsheet: it shows 1 of 12 digits"),
        ("9.1987654321E+11", "IN", "phone-digits-lost", "was rounded by a spreadsheet: it shows 11 of 12 digits"),
        ("9876543210", None, "phone-region-missing", "has no country code, and its country is not known"),
    ],
)
def test_broken_numbers_say_why(text: str, region: str | None, code: str, detail: str) -> None:
    converted = one(text, region)
    assert converted.values.tolist() == [""]
    (finding,) = converted.findings
    assert (finding.row, finding.value, finding.code, finding.detail) == (2, text, code, detail)
    assert finding.code in KINDS


def test_a_foreign_number_without_plus_is_offered_but_never_taken() -> None:
    # One digit too many for the US, and a valid Swiss number: taking it would be a guess.
    (finding,) = one("41555526715", "US").findings
    assert finding.code == "phone-invalid"
    assert finding.fix == "If this is +41555526715, add the plus."


def test_a_number_without_any_country_is_offered_but_never_taken() -> None:
    (finding,) = one("00919876543210", None).findings
    assert finding.code == "phone-region-missing"
    assert "+919876543210" in finding.fix


def test_an_extension_is_a_problem_with_the_plain_number_in_the_fix() -> None:
    (finding,) = one("98765 43210 ext 12").findings
    assert finding.code == "phone-extension"
    assert "+919876543210" in finding.fix


@pytest.mark.parametrize("between", [" / ", ";", ", ", "\n", " or ", " oder ", " & ", "|", " "])
def test_several_numbers_in_one_cell_are_all_named(between: str) -> None:
    (finding,) = one(f"+919876543210{between}+919876543211").findings
    assert finding.code == "phone-several"
    assert "+919876543210" in finding.detail
    assert "+919876543211" in finding.detail


def test_a_slash_within_one_number_is_not_two_numbers() -> None:
    assert one("030/12345678", "DE").values.tolist() == ["+493012345678"]


def test_letters_are_digits_only_where_all_numbers_have_one_length() -> None:
    assert one("1-800-FLOWERS", "US").values.tolist() == ["+18003569377"]
    (finding,) = one("+49 30 123456 abc", "DE").findings
    assert finding.code == "phone-invalid"
    assert finding.detail == "contains letters, which may be a note"


@pytest.mark.parametrize(
    ("text", "region", "fix"),
    [
        ("415 555 2671 (home)", "US", "Write the number without them: +14155552671."),
        ("98765 43210 (WhatsApp)", "IN", "Write the number without them: +919876543210."),
        ("98765 43210 / privat", "IN", "Write the number without them: +919876543210."),
        ("+91 98765 43210 Asha", None, "Write the number without them: +919876543210."),
        ("98765 4321 (mum)", "IN", ""),
        ("98765 (mum) 43210", "IN", ""),
        ("49 171 1234567 privat", "DE", ""),
        (
            "030 123456 App. 12",
            "DE",
            "Write the number without them: +4930123456. "
            "If they are part of the number, write it in digits: +493012345627712.",
        ),
    ],
)
def test_a_remark_is_left_out_of_what_is_proposed(text: str, region: str | None, fix: str) -> None:
    (finding,) = one(text, region).findings
    assert (finding.code, finding.detail) == ("phone-invalid", "contains letters, which may be a note")
    assert finding.fix == fix


@pytest.mark.parametrize("text", ["+52 1 55 1234 5678", "044 55 1234 5678", "045 55 1234 5678", "01 55 1234 5678"])
def test_mexican_numbers_with_the_prefixes_of_before_2019_are_offered_without(text: str) -> None:
    (finding,) = one(text, "MX").findings
    assert finding.code == "phone-invalid"
    assert finding.fix == "If it is a mobile number, write +525512345678."


@pytest.mark.parametrize(
    ("text", "region", "one_reading", "other_reading"),
    [
        ("491711234567", "DE", "+49 171 1234567", "+49 491 711234567"),
        ("49 171 1234567", "DE", "+49 171 1234567", "+49 491 711234567"),
        ("(49) 171-1234567", "DE", "+49 171 1234567", "+49 491 711234567"),
        ("491711234567.0", "DE", "+49 171 1234567", "+49 491 711234567"),
        ("491711234567 ext 5", "DE", "+49 171 1234567", "+49 491 711234567"),
        ("62812345678", "ID", "+62 812-345-678", "+62 628 12345678"),
    ],
)
def test_a_number_that_may_or_may_not_begin_with_its_country_code_is_never_guessed(
    text: str, region: str, one_reading: str, other_reading: str
) -> None:
    (finding,) = one(text, region).findings
    assert finding.code == "phone-region-missing"
    assert finding.detail.startswith(f"could be {one_reading} or {other_reading}: ")
    assert finding.fix.startswith(f"Write it as {one_reading} or {other_reading}. ")
    for reading in (one_reading, other_reading):
        assert one(reading, region).values.tolist() == [reading.replace(" ", "").replace("-", "")]


@pytest.mark.parametrize(
    ("text", "region", "e164"),
    [
        ("6281234567890", "ID", "+6281234567890"),
        ("0491 711234567", "DE", "+49491711234567"),
        ("0049 171 1234567", "DE", "+491711234567"),
        ("55 99123 4567", "BR", "+5555991234567"),
        ("9198765432", "IN", "+919198765432"),
    ],
)
def test_a_number_with_one_valid_reading_is_taken(text: str, region: str, e164: str) -> None:
    assert one(text, region).values.tolist() == [e164]


def test_two_numbers_in_a_cell_are_named_as_they_are_where_each_has_two_readings() -> None:
    (finding,) = one("491711234567; 491711234568", "DE").findings
    assert (finding.code, finding.detail) == ("phone-several", "holds 2 phone numbers: 491711234567, 491711234568")


def test_blank_cells_pass() -> None:
    converted = phones(column("", "  ", "\u00a0"), None, None)
    assert converted.values.tolist() == ["", "", ""]
    assert not converted.findings


def test_an_empty_column() -> None:
    converted = phones(column(), "IN", column())
    assert converted.values.empty
    assert converted.values.dtype == "str"


def test_the_country_of_each_row() -> None:
    numbers = column("9876543210", "4155552671", "020 7946 0018", "9876543210", "9876543210", "+919876543210")
    countries = column("India", "USA", "gbr", "", "Atlantis", "Atlantis")
    converted = phones(numbers, "IN", countries)
    assert converted.values.tolist() == [
        "+919876543210",
        "+14155552671",
        "+442079460018",
        "+919876543210",
        "",
        "+919876543210",
    ]
    (finding,) = converted.findings
    assert (finding.row, finding.code) == (6, "phone-region-unknown")
    assert "“Atlantis”" in finding.detail


def test_rows_keep_their_numbers_in_a_long_column() -> None:
    texts = ["9876543210", "nonsense"] * 100
    series = pd.Series(texts, index=range(1001, 1201), dtype="str")
    converted = phones(series, "IN", None)
    assert converted.values.index.equals(series.index)
    assert [finding.row for finding in converted.findings] == list(range(1002, 1201, 2))

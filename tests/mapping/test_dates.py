"""Dates are read by explicit formats or as ISO, and never guessed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importer.mapping.values.converted import Converted
from importer.mapping.values.date_column import DateRule, dates
from importer.mapping.values.date_formats import example, format_mistake, pattern_of, read_moments, shape
from importer.model.problem import KINDS
from tests.problem_words import hint_of, message_of


def column(*texts: str) -> "pd.Series[str]":
    return pd.Series(texts, index=range(2, 2 + len(texts)), dtype="str")


def read(*texts: str, **rule: object) -> Converted:
    converted = dates(column(*texts), DateRule(**rule))
    assert all(finding.code in KINDS for finding in converted.findings)
    return converted


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("2026-11-22", "2026-11-22T00:00:00+05:30"),
        ("2026-11-22T15:04", "2026-11-22T15:04:00+05:30"),
        ("2026-11-22 15:04:05", "2026-11-22T15:04:05+05:30"),
        (" 2026-11-22 15:04:05\u00a0", "2026-11-22T15:04:05+05:30"),
        ("2026-11-22T15:04:05.5Z", "2026-11-22T15:04:05.5+00:00"),
        ("2026-11-22T15:04:05.123456789Z", "2026-11-22T15:04:05.123456+00:00"),
        ("2026-11-22T15:04:05-0330", "2026-11-22T15:04:05-03:30"),
        ("2026-11-22T15:04:05+02", "2026-11-22T15:04:05+02:00"),
        ("2024-02-29", "2024-02-29T00:00:00+05:30"),
    ],
)
def test_iso_needs_no_format(text: str, want: str) -> None:
    assert read(text, timezone="Asia/Kolkata").values.tolist() == [want]


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "2026-02-29",
        "2026-13-01",
        "2026-00-10",
        "2026-11-22T24:00:00",
        "2026-11-22T12:60",
        "2026-11-22T12:00:60",
        "2026-11-22T12:00+25:00",
        "2026-11-22T",
        "2026-11-2",
        "20261122",
        "2026-11-22x",
        "26-11-22",
        "2026/11/22",
        "today",
    ],
)
def test_nothing_else_is_iso(text: str) -> None:
    converted = read(text)
    assert converted.values.tolist() == [""]
    (finding,) = converted.findings
    assert (finding.code, finding.row, finding.value) == ("date-invalid", 2, text)


@pytest.mark.parametrize(
    ("date_format", "text", "want"),
    [
        ("%d/%m/%Y", "05/06/2026", "2026-06-05T00:00:00+00:00"),
        ("%m/%d/%Y", "05/06/2026", "2026-05-06T00:00:00+00:00"),
        ("%d/%m/%Y", "5/6/2026", "2026-06-05T00:00:00+00:00"),
        ("%d.%m.%y %H:%M", "05.06.26 7:08", "2026-06-05T07:08:00+00:00"),
        ("%d.%m.%y", "05.06.69", "1969-06-05T00:00:00+00:00"),
        ("%d %b %Y", "5 Sept 2026", "2026-09-05T00:00:00+00:00"),
        ("%B %d, %Y", "september 5,  2026", "2026-09-05T00:00:00+00:00"),
        ("%d/%m/%Y %I:%M %p", "05/06/2026 12:00 am", "2026-06-05T00:00:00+00:00"),
        ("%d/%m/%Y %I:%M %p", "05/06/2026 12:30 P.M.", "2026-06-05T12:30:00+00:00"),
        ("%d/%m/%Y %H:%M:%S.%f %z", "05/06/2026 01:02:03.25 +0530", "2026-06-05T01:02:03.25+05:30"),
        ("%a, %d %b %Y", "Fri, 05 Jun 2026", "2026-06-05T00:00:00+00:00"),
        ("%Y-%j", "2024-366", "2024-12-31T00:00:00+00:00"),
        ("%Y%m%d", "20260605", "2026-06-05T00:00:00+00:00"),
        ("%s", "1780617600", "2026-06-05T00:00:00+00:00"),
        ("%Q", "1780617600500", "2026-06-05T00:00:00.5+00:00"),
        ("100%% %Y|%m|%d", "100% 2026|06|05", "2026-06-05T00:00:00+00:00"),
    ],
)
def test_formats(date_format: str, text: str, want: str) -> None:
    assert read(text, formats=(date_format,)).values.tolist() == [want]


@pytest.mark.parametrize(
    ("date_format", "text"),
    [
        ("%d/%m/%Y", "31/06/2026"),
        ("%d/%m/%Y", "06/31/2026"),
        ("%d/%m/%Y", "05/06/26"),
        ("%d/%m/%y", "05/06/2026"),
        ("%d/%m/%Y", "05/06/2026 10:00"),
        ("%d/%m/%Y", "05-06-2026"),
        ("%d/%m/%Y %I:%M %p", "05/06/2026 13:00 PM"),
        ("%a, %d %b %Y", "Mon, 05 Jun 2026"),
        ("%Y-%j", "2026-366"),
        ("%d/%m/%Y", "٠٥/٠٦/٢٠٢٦"),
    ],
)
def test_formats_are_strict(date_format: str, text: str) -> None:
    converted = read(text, formats=(date_format,))
    (finding,) = converted.findings
    assert finding.code == "date-invalid"
    assert shape(date_format) in finding.detail


def test_real_date_cells_are_understood_beside_a_format() -> None:
    converted = read("2026-06-05 00:00:00", "05/06/2026", formats=("%d/%m/%Y",), date_only=True)
    assert converted.values.tolist() == ["2026-06-05", "2026-06-05"]


def test_a_format_that_contradicts_iso_stands_alone() -> None:
    assert read("2026-03-04", formats=("%Y-%d-%m",), date_only=True).values.tolist() == ["2026-04-03"]
    assert read("2026-03-25", formats=("%Y-%d-%m",)).findings


def test_two_formats_that_read_one_text_differently_are_no_licence_to_guess() -> None:
    converted = read("05/06/2026", "17/08/2026", "06/06/2026", formats=("%d/%m/%Y", "%m/%d/%Y"), date_only=True)
    assert converted.values.tolist() == ["", "2026-08-17", "2026-06-06"]
    (finding,) = converted.findings
    assert (finding.row, finding.code) == (2, "date-ambiguous")


def test_the_one_format_that_fits_the_whole_column_is_named() -> None:
    converted = read("05/06/2026", "17/08/2026", "")
    assert converted.values.tolist() == ["", "", ""]
    assert [finding.row for finding in converted.findings] == [2, 3]
    for finding in converted.findings:
        assert finding.code == "date-invalid"
        assert finding.detail == (
            "is not an ISO date; DD/MM/YYYY would fit it, and all dates of rows 2 to 4 that are not understood"
        )
        assert 'format: "%d/%m/%Y"' in finding.fix


def test_day_first_and_month_first_cannot_be_distinguished() -> None:
    converted = read("05/06/2026", "07/08/2026")
    for finding in converted.findings:
        assert finding.code == "date-ambiguous"
        assert 'format: "%d/%m/%Y"' in finding.fix
        assert 'format: "%m/%d/%Y"' in finding.fix


def test_a_stray_cell_does_not_hide_the_format_of_the_others() -> None:
    first, second, stray = read("17/05/2026 10:00", "18/05/2026 11:00", "n/a").findings
    assert "DD/MM/YYYY HH:MM would fit it, and most dates of rows 2 to 4" in first.detail
    assert second.detail == first.detail
    assert stray.detail.startswith("is not an ISO date such as")


def test_day_numbers_of_spreadsheets_and_counts_since_1970_are_named() -> None:
    serial, seconds, millis = read("45123", "1780617600", "1780617600000").findings
    assert "45123 would be 2023-07-16" in serial.detail
    assert 'format: "%s"' in seconds.fix
    assert 'format: "%Q"' in millis.fix


@pytest.mark.parametrize(("unit", "want"), [("s", "1795340045"), ("ms", "1795340045250")])
def test_epoch_digits(unit: str, want: str) -> None:
    assert read("2026-11-22 15:04:05.25", timezone="Asia/Kolkata", unit=unit).values.tolist() == [want]


def test_a_time_that_clocks_skip_or_repeat_is_a_problem() -> None:
    converted = read("2026-03-29 02:30:00", "2026-10-25 02:30:00", "2026-10-25T02:30+01:00", timezone="Europe/Berlin")
    assert converted.values.tolist() == ["", "", "2026-10-25T02:30:00+01:00"]
    skipped, repeated = converted.findings
    assert (skipped.code, repeated.code) == ("date-nonexistent", "date-twice")
    assert "Europe/Berlin" in skipped.detail
    assert repeated.fix == "Add the UTC offset: +02:00 or +01:00."


def test_a_day_begins_with_its_first_moment() -> None:
    # Clocks went from midnight to one o'clock in São Paulo; in Havana they showed midnight twice.
    assert read("2018-11-04", timezone="America/Sao_Paulo", unit="s").values.tolist() == ["1541300400"]
    assert read("2025-11-02", timezone="America/Havana", unit="s").values.tolist() == ["1762056000"]


def test_a_day_is_the_day_in_the_time_zone() -> None:
    converted = read("2026-11-22T23:00Z", "2026-11-22 23:00", timezone="Asia/Kolkata", date_only=True)
    assert converted.values.tolist() == ["2026-11-23", "2026-11-22"]
    converted = read("2026-11-22T23:00Z", timezone="Asia/Kolkata", date_only=True, unit="s")
    assert converted.values.tolist() == [str(int(datetime(2026, 11, 22, 18, 30, tzinfo=UTC).timestamp()))]


def test_the_window() -> None:
    window = {"earliest": datetime(2000, 1, 1, tzinfo=UTC), "latest": datetime(2026, 11, 23, tzinfo=UTC)}
    converted = read("1999-12-31", "2000-01-01", "2026-11-23", "2026-11-23T00:00:01Z", "0001-01-01", **window)
    assert [value != "" for value in converted.values] == [False, True, True, False, False]
    assert {finding.code for finding in converted.findings} == {"date-out-of-range"}
    assert [finding.detail for finding in converted.findings] == [
        "lies before 2000-01-01",
        "lies after 2026-11-23",
        "lies before 2000-01-01",
    ]


def test_blank_cells_and_empty_columns_pass() -> None:
    assert read("", " ", unit="s", formats=("%d/%m/%Y",)).values.tolist() == ["", ""]
    assert read().values.empty


@pytest.mark.parametrize(
    ("date_format", "mistake"),
    [
        ("%d/%m/%Y", ""),
        ("%d/%m/%Y %I:%M %p", ""),
        ("%d/%m/%Y %I:%M", "needs an hour"),
        ("%d/%m/%Y %M", "needs an hour"),
        ("%d/%m", "needs exactly one year"),
        ("dd/mm/yyyy", "needs exactly one year"),
        ("%D", "has %D, which is not among"),
        ("%d/%d/%Y", "names one part twice"),
        ("%d/%m/%Y %", "has %, which is not among"),
    ],
)
def test_mistakes_in_formats(date_format: str, mistake: str) -> None:
    assert format_mistake(date_format).startswith(mistake)
    assert bool(format_mistake(date_format)) == bool(mistake)


@pytest.mark.parametrize(
    ("date_format", "shown"),
    [
        ("%d/%m/%Y", "DD/MM/YYYY"),
        ("%m/%d/%y %I:%M:%S %p", "MM/DD/YY HH:MM:SS AM/PM"),
        ("%a, %d %b %Y %H:%M", "weekday, DD Mon YYYY HH:MM"),
        ("%A %d %B %Y", "weekday DD Month YYYY"),
        ("%Y-%m-%dT%H:%M:%S.%f%z", "YYYY-MM-DDTHH:MM:SS.fractionoffset"),
        ("%Y/%j", "YYYY/day of the year"),
        ("%s", "seconds since 1970"),
        ("%Q", "milliseconds since 1970"),
        ("%d/%m/%Y %%", "DD/MM/YYYY %"),
    ],
)
def test_messages_show_a_format_in_letters_and_a_date_that_it_reads(date_format: str, shown: str) -> None:
    assert shape(date_format) == shown
    moments = read_moments(pa.array([example(date_format)], pa.large_string()), date_format)
    assert str(moments["clock"][0])[:10] == "2026-11-26"


def test_a_date_in_another_form_is_shown_the_right_one() -> None:
    (finding,) = read("31/02/2025", formats=("%d/%m/%Y",), timezone="UTC").findings
    assert finding.detail == "is not a date of the form DD/MM/YYYY, for example 26/11/2026"


def test_a_mistaken_format_cannot_be_used() -> None:
    with pytest.raises(ValueError, match="names one part twice"):
        pattern_of("%d/%d/%Y")


@pytest.mark.parametrize(
    ("date_format", "text"),
    [
        ("%m/%d/%Y, %I:%M %p", "11/22/2026, 3:04\u202fPM"),
        ("%m/%d/%Y %I:%M %p", "\u200e11\u200e/\u200e22\u200e/\u200e2026 \u200e3\u200e:\u200e04\u200e \u200ePM"),
        ("%d/%m/%Y %I:%M %p", "22/11/2026\u00a03:04\u00a0p.\u00a0m."),
        ("%d %b %Y %H:%M", "22\u00a0Nov\u00a02026\u3000\u00a015:04"),
        ("%Y-%m-%d", "2026-11-22\u00a015:04"),
        ("%d.%m.%Y %H:%M", "\u202a22.11.2026\u202c 15:04"),
    ],
)
def test_every_space_of_unicode_is_a_space_and_direction_marks_are_nothing(date_format: str, text: str) -> None:
    assert read(text, formats=(date_format,)).values.tolist() == ["2026-11-22T15:04:00+00:00"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("texts", "date_format"),
    [
        (("2024-1-5", "2024-2-15"), "%Y-%m-%d"),
        (("2024-1-5 9:07", "2024-2-15 10:30"), "%Y-%m-%d %H:%M"),
        (("2024. 1. 5.", "2024. 2. 15."), "%Y. %m. %d."),
        (("5. 1. 2024", "15. 2. 2024"), "%d. %m. %Y"),
        (("2024年1月5日", "2024年2月15日"), "%Y年%m月%d日"),
        (("Fri, 05 Jan 2024 09:07:03 +0100", "Thu, 15 Feb 2024 10:30:00 +0000"), "%a, %d %b %Y %H:%M:%S %z"),
        (("5 Jan 2024 09:07:03 +0100", "15 Feb 2024 10:30:00 +0000"), "%d %b %Y %H:%M:%S %z"),
        (("1/5/2024, 3:04:05 PM", "2/15/2024, 10:30:00 AM"), "%m/%d/%Y, %I:%M:%S %p"),
    ],
)
def test_the_format_that_fits_is_proposed_and_reads_the_dates(texts: tuple[str, ...], date_format: str) -> None:
    for finding in read(*texts, unit="s").findings:
        assert (finding.code, shape(date_format) in finding.detail) == ("date-invalid", True)
        assert hint_of(finding) == f'If that is meant, add to the mapping: format: "{date_format}"'
    converted = read(*texts, unit="s", formats=(date_format,))
    assert not converted.findings


NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_every_two_digit_year_is_in_the_past_or_has_a_finding_that_is_true_of_it() -> None:
    texts = [f"05/01/{year:02}" for year in range(100)]
    converted = read(*texts, formats=("%d/%m/%y",), date_only=True, now=NOW)
    by_row = {finding.row: finding for finding in converted.findings}
    for row, (text, value) in enumerate(zip(texts, converted.values, strict=True), start=2):
        year = int(text[-2:]) + (1900 if text[-2:] >= "69" else 2000)
        finding = by_row.get(row)
        if year <= 2026:
            assert (value, finding) == (f"{year}-01-05", None)
        elif year <= 2046:
            assert finding is not None
            assert (value, finding.code, finding.warning) == (f"{year}-01-05", "date-in-future", True)
            assert message_of(finding) == f"“{text}” is read as {value}: a year from 00 to 68 is one from 2000 to 2068"
        else:
            assert finding is not None
            assert (value, finding.code, finding.warning) == ("", "date-ambiguous", False)
            assert (
                message_of(finding) == f"“{text}” could be {year - 100}-01-05 or {year}-01-05: its year has no century"
            )


@pytest.mark.parametrize(
    ("text", "date_format"),
    [("05/01/2057", "%d/%m/%Y"), ("2057-01-05", "%d/%m/%y"), ("22/11/26", "%d/%m/%y"), ("23/11/26", "%d/%m/%y")],
)
def test_a_year_of_four_digits_and_today_need_no_warning(text: str, date_format: str) -> None:
    converted = read(text, formats=(date_format,), date_only=True, now=NOW)
    assert converted.values.tolist() != [""]
    assert not converted.findings


FORMATS = ("%d/%m/%Y %H:%M:%S", "%m-%d-%Y %I:%M:%S %p", "%b %d, %Y %H:%M:%S", "%A, %d %B %Y %H:%M:%S", "%Y%m%d%H%M%S")
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)).map(lambda moment: moment.replace(microsecond=0))  # noqa: DTZ001


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.lists(MOMENTS, min_size=1, max_size=20), st.sampled_from(FORMATS))
def test_what_strftime_writes_is_read_back(moments: list[datetime], date_format: str) -> None:
    texts = [moment.strftime(date_format) for moment in moments]
    assert read(*texts, formats=(date_format,)).values.tolist() == [f"{moment.isoformat()}+00:00" for moment in moments]


ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "America/Sao_Paulo",
    "Africa/Cairo",
)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(MOMENTS, st.sampled_from(ZONES))
def test_time_zones_agree_with_zoneinfo(wall: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    first, second = wall.replace(tzinfo=zone, fold=0), wall.replace(tzinfo=zone, fold=1)
    converted = read(wall.isoformat(), timezone=name, unit="s")
    if first.utcoffset() == second.utcoffset():
        assert converted.values.tolist() == [str(int(first.timestamp()))]
    else:
        skipped = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != wall
        assert [finding.code for finding in converted.findings] == ["date-nonexistent" if skipped else "date-twice"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ZONES)
def test_every_hour_of_two_years_agrees_with_zoneinfo(name: str) -> None:
    zone = ZoneInfo(name)
    walls = [datetime(2009, 1, 1) + timedelta(minutes=30 * n) for n in range(2 * 365 * 48)]  # noqa: DTZ001
    converted = read(*[wall.isoformat() for wall in walls], timezone=name, unit="s")
    once = [wall.replace(tzinfo=zone).utcoffset() == wall.replace(tzinfo=zone, fold=1).utcoffset() for wall in walls]
    want = [
        str(int(wall.replace(tzinfo=zone).timestamp())) if unique else ""
        for wall, unique in zip(walls, once, strict=True)
    ]
    assert converted.values.tolist() == want

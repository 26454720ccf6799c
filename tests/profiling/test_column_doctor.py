"""What the column doctor finds, how it counts, and that its fixes are lines that a mapping takes."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from importer.model.problem import Problem
from importer.model.problems import Problems
from importer.model.source import ReadOptions, SourceInfo
from importer.profiling.columns.mojibake import unscrambled
from importer.profiling.columns.number_symptoms import PhonesAsNumbers
from importer.profiling.columns.watcher import Tally, WatchedRows
from tests.profiling.conftest import Examine

OPT_IN = "  opt_in_date: Opt-in\n"


def test_a_sound_table_has_no_symptom(examine: Examine) -> None:
    columns = {"Opt-in": ["2026-01-31", "2026-02-01"], "City": ["München", "São Paulo"], "Zip": ["01234", "98765"]}
    assert examine(columns, OPT_IN + "  attributes: {city: City, zip: Zip}\n") == {}


@pytest.mark.slow
def test_ambiguous_dates_are_judged_over_all_batches(examine: Examine) -> None:
    ambiguous = examine({"Opt-in": ["03/04/2026", "05/06/2026", "", "2026-01-31"]}, OPT_IN)["dates-ambiguous"]
    assert (ambiguous.count, ambiguous.rows, ambiguous.column) == (2, (2, 3), "Opt-in")
    assert ambiguous.fix.startswith("# Only you can know which is meant; add format: '%d/%m/%Y' or format: '%m/%d/%Y' ")
    assert ambiguous.place == ()

    found = examine({"Opt-in": ["03/04/2026", "05/06/2026", "25/06/2026"]}, OPT_IN, size=2)
    assert list(found) == ["dates-unread"]
    assert found["dates-unread"].fix == "opt_in_date: {column: Opt-in, format: '%d/%m/%Y'}"
    assert found["dates-unread"].count == 3


def test_a_format_is_added_to_those_of_the_mapping(examine: Examine) -> None:
    rest = '  opt_in_date: {column: Opt-in, format: "%d/%m/%Y"}\n'
    found = examine({"Opt-in": ["25/06/2026", "26.06.2026"]}, rest)["dates-unread"]
    assert found.rows == (3,)
    assert found.fix == "opt_in_date: {column: Opt-in, format: ['%d/%m/%Y', '%d.%m.%Y']}"


def test_dates_as_serials(examine: Examine) -> None:
    found = examine({"Opt-in": ["2026-01-31", "45123", "45124.5"]}, OPT_IN)["dates-as-serials"]
    assert (found.count, found.rows) == (2, (3, 4))
    assert "2023-07-16" in found.detail


@pytest.mark.parametrize(
    ("dates", "count", "sure"),
    [
        (["2026-04-03", "25/04/2026", "26/04/2026"], 1, True),
        (["2026-04-03", "03/04/2026"], 1, False),
        (["2026-04-25", "2026-04-03", "26/04/2026"], 1, False),
    ],
)
def test_real_dates_beside_text_dates(examine: Examine, dates: list[str], count: int, sure: bool) -> None:
    rest = '  opt_in_date: {column: Opt-in, format: "%d/%m/%Y"}\n'
    found = examine({"Opt-in": dates}, rest, size=1)["dates-half-swapped"]
    assert found.count == count
    assert ("almost certainly" in found.detail) is sure


@pytest.mark.parametrize("dates", [["2026-04-03", "2026-04-04"], ["03/04/2026", "25/04/2026"], ["2026-04-25", ""]])
def test_dates_of_one_kind_are_not_half_swapped(examine: Examine, dates: list[str]) -> None:
    rest = '  opt_in_date: {column: Opt-in, format: "%d/%m/%Y"}\n'
    assert "dates-half-swapped" not in examine({"Opt-in": dates}, rest)


def test_phones_that_were_repaired_are_distinguished_from_those_that_are_lost(examine: Examine) -> None:
    phones = ["+919876500001.0", "+9.19876500002E+11", "9.19877E+11", "+919876500004"]
    found = examine({"Phone": phones})
    assert (found["phones-as-decimals"].count, found["phones-as-decimals"].rows) == (2, (2, 3))
    assert (found["digits-lost"].count, found["digits-lost"].rows) == (1, (4,))


@pytest.mark.parametrize(("known", "fix"), [(False, "# Set defaults.region"), (True, "# The spreadsheet may")])
def test_bare_digits_of_a_workbook_are_a_sign_only_where_they_are_refused(known: bool, fix: str) -> None:
    info = SourceInfo(path="l.xlsx", sha256="", format="xlsx", columns=("Phone",), headers=("Phone",), header_row=1)
    watcher = PhonesAsNumbers("Phone", info, region_known=known)
    cells = pd.DataFrame({"Phone": ["9876500001", "9876500002", "+919876500003"]}, index=[2, 3, 4], dtype="str")
    watcher.watch(WatchedRows(cells, cells, Problems.none()))
    assert list(watcher.symptoms()) == []
    refused = Problem(row=3, code="phone-invalid", detail="", column="Phone")
    watcher.watch(WatchedRows(cells, cells, Problems.of([refused])))
    (symptom,) = watcher.symptoms()
    assert (symptom.code, symptom.count, symptom.rows) == ("phones-as-digits", 1, (3,))
    assert symptom.fix.startswith(fix)


def test_a_tally_keeps_each_value_once_and_only_the_first() -> None:
    tally, values, more = Tally(), ["b", "a", "b", "", "c"], [str(number) for number in range(30)]
    for rows in ([2, 3, 4, 5, 6], [7, 8, 9, 10, 11]):
        tally.add(np.array(rows), pa.array(values, pa.large_string()))
    tally.add(np.arange(30), pa.array(more, pa.large_string()))
    assert (tally.count, tally.rows, tally.values) == (40, [2, 3, 4, 5, 6], ["b", "a", "c", *more][:20])


def test_dates_that_were_read_but_are_refused_are_not_unread(examine: Examine) -> None:
    rest = '  opt_in_date: {column: Opt-in, format: "%Y-%m-%d"}\n'
    assert "dates-unread" not in examine({"Opt-in": ["1890-01-01", "2026-04-03"]}, rest)
    assert "dates-unread" in examine({"Opt-in": ["1890/01", "2026-04-03"]}, rest)


def test_a_row_with_two_problems_in_a_column_is_one_row() -> None:
    problems = [Problem(row=row, code="phone-invalid", detail="", column="Phone") for row in (3, 3, 5)]
    warning = Problem(row=4, code="phone-repeated", detail="", column="Phone", warning=True)
    rows = WatchedRows(pd.DataFrame(), pd.DataFrame(), Problems.of([*problems, warning]))
    assert rows.refused("Phone").tolist() == [3, 5]
    assert rows.refused("Name").tolist() == []


def test_lost_leading_zeros(examine: Examine) -> None:
    rest = "  attributes: {zip: Zip}\n"
    found = examine({"Zip": ["01234", "98765", "2139", "501", "10001"]}, rest, size=2)["leading-zeros-lost"]
    assert (found.count, found.rows) == (2, (4, 5))
    assert examine({"Zip": ["12345", "98765", "2139", "10001"]}, rest)["leading-zeros-lost"].count == 1
    assert "leading-zeros-lost" not in examine({"Zip": ["12345", "98765", "10001"]}, rest)


def test_amounts_have_no_leading_zeros_to_lose(examine: Examine) -> None:
    rest = "  attributes: {visits: Visits, score: {column: Score, type: integer}}\n"
    uneven = ["01234", "98765", "2139", "501", "77", "8", "1000", "300"]
    assert examine({"Visits": uneven, "Score": uneven}, rest) == {}
    assert examine({"Visits": ["10000", "9999", "12000"], "Score": ["01234", "999", "12345"]}, rest) == {}


@pytest.mark.parametrize(
    ("broken", "meant"),
    [
        ("JosÃ© GarcÃ­a", "José García"),
        ("MÃ¼ller â€“ KÃ¶ln", "Müller – Köln"),
        ("O’Neil â€™", "O’Neil ’"),
        ("ÐœÐ¾Ñ\u0081ÐºÐ²Ð°", "Москва"),
        ("Jos√©", "José"),
        ("Jos├®", "José"),
        ("РњРѕСЃРєРІР°", "Москва"),
        ("à¤†à¤¶à¤¾", "आशा"),
    ],
)
def test_mojibake_is_turned_back(examine: Examine, broken: str, meant: str) -> None:
    assert unscrambled(broken) == meant
    found = examine({"Name": ["Asha", broken]})["mojibake"]
    assert found.rows == (3,)
    assert found.fix.startswith("#")  # the file itself is sound UTF-8


@pytest.mark.parametrize(
    "honest",
    [
        "JOÃO",
        "São Paulo",
        "MENÜ“",
        "CAFÉ»",
        "voilà\u00a0!",
        "Ångström",
        "Москва",
        "Рођен",
        "आशा",
        "東京",
        "£5 – €6",
        "ĐÃ NẴNG",
    ],
)
def test_honest_letters_are_left_alone(examine: Examine, honest: str) -> None:
    assert unscrambled(honest) == honest
    assert examine({"Name": [honest]}) == {}


def test_a_file_read_in_the_wrong_encoding_is_fixed_by_the_mapping(examine: Examine) -> None:
    found = examine({"Name": ["José"]}, read=ReadOptions(encoding="cp1252"))["mojibake"]
    assert found.fix.startswith("encoding: utf-8 ")
    assert found.place == ("source", "encoding")


def test_letters_that_are_lost(examine: Examine) -> None:
    assert "lost for good" in examine({"Name": ["J\ufffdrg"]})["mojibake"].detail


@pytest.mark.parametrize(
    ("name", "cells", "code", "line"),
    [
        ("Unsubscribed at", ["2024-01-05", "", ""], "do-not-contact", "not_blank: false"),
        ("Opt-out date", ["05/01/2024 10:00", "", ""], "do-not-contact", "not_blank: false"),
        ("Unsubscribed at", [f"{year}-01-05" for year in range(1960, 2000)], "contact-unclear", ""),
        ("GDPR Consent", ["2024-01-05", "", "2024-01-07"], "contact-unclear", ""),
        ("DND", ["DND", "NON-DND", "DND"], "do-not-contact", "one_of: [NON-DND]"),
        ("Do Not Email", ["Do not email", "OK", "OK"], "do-not-contact", "one_of: [OK]"),
        ("Subscription Status", ["Subscribed", "Unsubscribed", "Bounced"], "do-not-contact", "one_of: [Subscribed]"),
        ("Einwilligung", ["erteilt", "widerrufen", ""], "do-not-contact", "one_of: [erteilt]"),
        ("Blacklist", ["x", "", ""], "do-not-contact", "not_blank: false"),
        ("Suppressed", ["true", "false", "false"], "do-not-contact", "one_of: ['false']"),
        ("No Call", ["y", "n", "n"], "do-not-contact", "one_of: [n]"),
        ("Do not call", ["level 3", "", ""], "contact-unclear", ""),
    ],
)
def test_columns_about_contact_are_never_silent(
    examine: Examine, name: str, cells: list[str], code: str, line: str
) -> None:
    (found,) = examine({"ID": [f"A{row}" for row, _ in enumerate(cells)], name: cells}).values()
    assert found.code == code
    assert line in found.fix
    assert bool(line) == bool(found.place)


def test_a_date_of_consent_that_the_mapping_reads_is_no_sign(examine: Examine) -> None:
    assert examine({"Opt in": ["2024-01-05", "2024-01-06"]}, "  opt_in_date: Opt in\n") == {}


def test_blank_cells_where_a_value_is_required(examine: Examine) -> None:
    found = examine({"Name": ["Asha", "", " "]})["blank-but-required"]
    assert (found.count, found.rows) == (2, (3, 4))
    assert found.fix == (
        "# Fill in the cells, or add a `default` to lead.first_name in the mapping: what to send for a blank."
    )
    assert found.place == ()
    where = examine({"Phone": ["", "+919876500001"]})["blank-but-required"]
    assert where.fix.startswith("where: [{column: Phone, not_blank: true}]")


@pytest.mark.parametrize(("otherwise", "count"), [("problem", 3), ("blank", 3), ("keep", 0)])
def test_values_outside_a_map(examine: Examine, otherwise: str, count: int) -> None:
    rest = f'  attributes: {{tier: {{column: Tier, map: {{"1": gold}}, otherwise: {otherwise}}}}}\n'
    found = examine({"Tier": ["1", "7", "7", "", "9"]}, rest)
    assert sum(symptom.count for symptom in found.values()) == count
    if count:
        assert found["outside-the-map"].rows == (3, 4, 6)
        assert "map: {'1': gold, '7': '7', '9': '9'}" in found["outside-the-map"].fix


def test_values_that_are_one_to_a_map_are_proposed_once(examine: Examine) -> None:
    rest = '  attributes: {tier: {column: Tier, map: {"1": gold}}}\n'
    found = examine({"Tier": ["1", "2", " 2 ", "Blue", "blue\u00a0", "\u200b2"]}, rest)["outside-the-map"]
    assert "map: {'1': gold, '2': '2', Blue: Blue}" in found.fix


def test_values_outside_a_list(examine: Examine) -> None:
    rest = "  attributes: {tier: {column: Tier, one_of: [gold]}}\n"
    assert "one_of: [gold, tin]" in examine({"Tier": ["gold", "tin"]}, rest)["outside-the-list"].fix


def test_rows_that_are_left_out_are_not_looked_at(examine: Examine) -> None:
    top = 'where: [{column: Consent, one_of: ["yes"]}]\n'
    columns = {"Name": ["JosÃ©", "Asha"], "Consent": ["no", "yes"]}
    assert examine(columns, top=top) == {}


def test_only_the_first_rows_are_kept(examine: Examine) -> None:
    found = examine({"Name": [""] * 100}, size=7)["blank-but-required"]
    assert (found.count, found.rows) == (100, (2, 3, 4, 5, 6))
    found = examine({"Phone": ["+919876500001.0"] * 100}, size=7)["phones-as-decimals"]
    assert (found.count, found.rows) == (100, (2, 3, 4, 5, 6))


SCORE = "  attributes: {score: {column: Score, type: number}}\n"


@pytest.mark.parametrize("with_comma", ["1.234,50", "12,5", "-1.234.567,125", " 0,1234 "])
def test_a_point_that_may_group_thousands_beside_a_decimal_comma(examine: Examine, with_comma: str) -> None:
    found = examine({"Score": ["1.234", "7", "12.500", with_comma]}, SCORE, size=2)["decimals-mixed"]
    assert (found.count, found.rows, found.detail) == (2, (2, 4), "“1.234” is read with a decimal point")
    assert found.fix == "# If “1.234” means 1234, write it as 1234, and the others likewise."


@pytest.mark.parametrize(
    "numbers", [["1.234", "12.5", "7"], ["1.234.567", "12,5"], ["1,234.5", "1.234"], ["0.125", "12,5"]]
)
def test_numbers_that_can_be_distinguished_are_no_sign(examine: Examine, numbers: list[str]) -> None:
    assert "decimals-mixed" not in examine({"Score": numbers}, SCORE)


def test_apostrophes_in_front_of_most_cells(examine: Examine) -> None:
    rest = "  attributes: {zip: Zip, city: City}\n"
    zips, cities = ["'01234", "'98765", "10001", ""], ["'s-Gravenhage", "Delft", "Gouda", "'"]
    found = examine({"Zip": zips, "City": cities}, rest, size=2)["apostrophes-in-front"]
    assert (found.column, found.count, found.rows) == ("Zip", 2, (2, 3))
    assert "“'01234”" in found.title
    assert "apostrophes-in-front" not in examine({"Zip": [*zips[1:], "10002"], "City": cities}, rest)


def test_apostrophes_in_front_of_phone_numbers_are_no_sign(examine: Examine) -> None:
    assert examine({"Phone": ["'+447911123456", "'+447911123457"]}) == {}

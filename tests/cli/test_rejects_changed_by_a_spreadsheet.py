"""rejects.csv after a spreadsheet program has made numbers of its phones: right again, or a problem, never wrong."""

import csv

from tests.cli.command_line import CommandLine

MAPPING = """\
version: 1
name: corrected
defaults: {region: IN}
lead:
  crm_id: Id
  first_name: Name
  phone_number: Mobile
"""


def left(importer: CommandLine, *phones: str) -> list[dict[str, str]]:
    """The rejects of a run in which every row lacks its name."""
    importer.mapping(MAPPING)
    importer.write("list.csv", "Id,Name,Mobile\n" + "".join(f"C-{n},,{phone}\n" for n, phone in enumerate(phones)))
    assert importer("run", "list.csv", "-m", "m.yaml", "--sandbox").code == 1
    (rejects,) = importer.folder.glob("reports/*/rejects.csv")
    with rejects.open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def imported(importer: CommandLine, rows: list[dict[str, str]]) -> list[dict[str, str]]:
    with (importer.folder / "corrected.csv").open("w", newline="") as file:
        lines = csv.DictWriter(file, rows[0])
        lines.writeheader()
        lines.writerows(rows)
    importer("run", "corrected.csv", "-m", "m.yaml", "--sandbox", "--run-name", "second")
    (results,) = importer.folder.glob("reports/*-second/results.csv")
    with results.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def phones_of(importer: CommandLine) -> list[str]:
    (rejects,) = importer.folder.glob("reports/*-second/rejects.csv")
    with rejects.open(encoding="utf-8-sig") as file:
        return [row["Mobile"] for row in csv.DictReader(file)]


def test_a_plus_that_was_dropped_is_put_back(importer: CommandLine) -> None:
    rows = left(importer, "+6591234567", "+919876543210", "+447911123456", "9876543211", "6591234568")
    for row in rows:
        row |= {"Name": "Ravi", "Mobile": row["Mobile"].removeprefix("+")}
    rows[0]["Name"] = ""  # it stays a reject, which shows what was read
    assert [row["status"] for row in imported(importer, rows)] == ["invalid", *["created"] * 4]
    assert phones_of(importer) == ["+6591234567"]


def test_a_retyped_number_is_sure_or_a_problem(importer: CommandLine) -> None:
    rows = left(importer, "12", "13", "14", "15")
    typed = ["6591234567", "9876543210", "+65 9123 4567", "9.19877E+11"]
    for row, phone in zip(rows, typed, strict=True):
        row |= {"Name": "Ravi", "Mobile": phone}
    results = imported(importer, rows)
    assert [row["status"] for row in results] == ["invalid", "created", "created", "invalid"]
    assert results[0]["problems"] == "phone-region-missing"
    assert "may be +6591234567 or +916591234567" in results[0]["message"]


DATED = MAPPING + "  opt_in_date: {column: Signed, format: '%d/%m/%Y'}\n"


def left_with_dates(importer: CommandLine, *dates: str) -> list[dict[str, str]]:
    importer.mapping(DATED)
    lines = [f"C-{n},,+9198765432{n:02},{date}" for n, date in enumerate(dates)]
    importer.write("list.csv", "\n".join(["Id,Name,Mobile,Signed", *lines]) + "\n")
    assert importer("run", "list.csv", "-m", "m.yaml", "--sandbox").code == 1
    (rejects,) = importer.folder.glob("reports/*/rejects.csv")
    with rejects.open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_a_date_that_was_only_written_otherwise_is_put_back(importer: CommandLine) -> None:
    rows = left_with_dates(importer, "05/08/2025", "06/08/2025", "07/08/2025")
    for row, date in zip(rows, ["5/8/25", "06/08/25", "08/07/25"], strict=True):
        row |= {"Name": "Ravi", "Signed": date}
    results = imported(importer, rows)
    assert [row["status"] for row in results] == ["created", "created", "invalid"]
    assert results[2]["problems"] == "date-invalid"  # typed anew, and not in the mapping's format


def test_a_date_whose_day_and_month_may_have_changed_places_is_a_problem(importer: CommandLine) -> None:
    rows = left_with_dates(importer, "2025-04-05", "2025-04-27", "2025-04-04")
    for row, date in zip(rows, ["4/5/2025", "27/4/2025", "4/4/2025"], strict=True):
        row |= {"Name": "Ravi", "Signed": date}
    results = imported(importer, rows)
    assert [row["status"] for row in results] == ["invalid", "created", "created"]
    assert results[0]["problems"] == "date-ambiguous"
    assert "may be “2025-04-05” with day and month in another order" in results[0]["message"]
    assert "as text" in results[0]["hint"]


def test_a_date_that_a_workbook_made_of_a_text_is_a_problem(importer: CommandLine) -> None:
    rows = left_with_dates(importer, "05/08/2025", "05/05/2025", "25/08/2025")
    for row, date in zip(rows, ["2025-05-08", "2025-05-05", "2025-08-25"], strict=True):
        row |= {"Name": "Ravi", "Signed": date}
    results = imported(importer, rows)
    assert [row["status"] for row in results] == ["invalid", "created", "created"]
    assert results[0]["problems"] == "date-ambiguous"
    assert "may be “05/08/2025”" in results[0]["message"]

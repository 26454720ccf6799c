"""Every line that `check` and `init` print is put where it belongs, and changes what it says and nothing else."""

import csv
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from importer.mapping import Mapper, columns_of, parse_mapping
from importer.mapping.file.yaml_document import read_document
from importer.model.batch import MappedBatch
from importer.model.source import ReadOptions
from importer.reading.given_file import GivenFile
from importer.reading.opening import open_tables
from importer.runs.row_pipeline import Opened, checked_batches
from importer.runs.suggestion import suggest_mapping
from tests.cli.command_line import CommandLine

ROOT = Path(__file__).parents[2]
SHIPPED = [
    *((path, ROOT / "mappings" / f"{path.stem}.yaml") for path in sorted((ROOT / "samples/exports").glob("*.csv"))),
    (ROOT / "samples/weekly-webinar.xlsx", ROOT / "mappings/weekly-webinar.yaml"),
    (ROOT / "samples/migration.csv", ROOT / "mappings/migration.yaml"),
]
SUGGESTION = re.compile(
    r"^  (?P<column>.+?): (?P<count>[\d,]+) × (?P<title>.+); rows? (?P<rows>[\d, ]+).*\n"
    r"      In the mapping, set (?P<place>\S+):\n"
    r"      (?P<line>.+)$",
    re.MULTILINE,
)


def with_line(text: str, place: str, line: str) -> str:
    """The mapping after a person has done what is printed."""
    document = read_document(text).content
    *keys, last = [int(key) if key.isdigit() else key for key in re.findall(r"[^.\[\]]+", place)]
    at: Any = document
    for key in keys:
        at = at[key] if isinstance(at, list) else at.setdefault(key, {})
    added = read_document(line).content
    assert list(added) == [last]
    at[last] = added[last]
    return yaml.safe_dump(document, allow_unicode=True)


Rows = dict[tuple[str, str], tuple[str, str]]


def checked(importer: CommandLine, file: Path, mapping: str) -> tuple[str, Rows]:
    """What a check prints, and for each row its status and its problems."""
    out = importer("check", file, "-m", importer.mapping(mapping), "--no-progress").out
    run = importer.reports / out.split()[1]
    rows = importer.results(run)
    return out, {(row["source"], row["number"]): (row["status"], row["problems"]) for row in rows}


def places(importer: CommandLine, file: Path, mapping: str) -> list[str]:
    """Where the printed lines belong, after each of them was tried."""
    out, before = checked(importer, file, mapping)
    suggestions = list(SUGGESTION.finditer(out))
    assert out.count("In the mapping, set") == len(suggestions)
    for found in suggestions:
        changed_out, after = checked(importer, file, with_line(mapping, found["place"], found["line"]))
        changed = {number for (_, number), said in before.items() if said != after[_, number]}
        assert len(changed) == int(found["count"].replace(",", "")), found[0]
        assert set(re.findall(r"\d+", found["rows"])) <= changed, found[0]
        assert f"  {found['column']}: {found['count']} × {found['title']};" not in changed_out
    return [found["place"] for found in suggestions]


@pytest.mark.slow
@pytest.mark.parametrize(("file", "mapping"), SHIPPED, ids=lambda path: path.stem)
def test_for_the_lists_that_are_shipped(importer: CommandLine, file: Path, mapping: Path) -> None:
    places(importer, file, mapping.read_text(encoding="utf-8"))


MAPPING = """\
version: 1
name: t
where: [{column: List, one_of: [webinar]}]
lead:
  crm_id: ID
  first_name: Name
  phone_number: {columns: [Mobile, Phone]}
  opt_in_date: Opt-in
  attributes:
    tier: {column: Tier, map: {"1": gold}}
    color: {column: Color, one_of: [red], required: true}
assign: {user_email: Owner, when_blank: problem}
"""


def a_list(folder: Path, encoding: str = "utf-8", **changes: dict[int, str] | str) -> Path:
    """Forty sound rows, with other cells where `changes` says so: a column's name, then a row or a text for all."""
    cells = [
        {
            "ID": f"L-{row}",
            "Name": "Asha",
            "Mobile": "" if row % 2 else f"+9198765{row:05}",
            "Phone": f"+9198766{row:05}",
            "Email": f"a{row}@leads.example",
            "Opt-in": "2026-01-31",
            "Tier": "1",
            "Color": "red",
            "Owner": "asha@leads.example",
            "List": "webinar" if row < 40 else "other",
        }
        for row in range(2, 42)
    ]
    for column, change in changes.items():
        for number, row in enumerate(cells, start=2):
            row[column] = change if isinstance(change, str) else change.get(number, row.get(column, ""))
    path = folder / "list.csv"
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.DictWriter(file, list(cells[0]))
        writer.writeheader()
        writer.writerows(cells)
    return path


def many(column_of: str, count: int) -> dict[int, str]:
    return {row: f"{column_of}{row}" for row in range(2, 2 + count)}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "edit", "expected"),
    [
        ({}, ("", ""), []),
        # A condition on the first of several columns would leave out the leads whose number stands in the second.
        ({"Mobile": "", "Phone": {5: "", 8: ""}}, ("", ""), []),
        ({"Phone": {5: "", 8: ""}}, ("columns: [Mobile, Phone]", "column: Phone"), ["where"]),
        ({"Phone": {5: "", 8: ""}}, ("columns: [Mobile, Phone]", "columns: [Phone]"), ["where"]),
        ({"Email": {4: "", 5: "", 6: ""}, "Phone": {5: ""}}, ("ID", "{digest_of: [Email, Phone]}"), []),
        ({"Email": {4: "", 5: ""}}, ("ID", "{digest_of: [Email]}"), ["where"]),
        ({"ID": {4: ""}}, ("", ""), ["where"]),
        ({"ID": {4: "AbC", 5: "aBc"}}, ("", ""), []),
        ({"Name": {4: "", 9: ""}}, ("", ""), []),
        ({"Opt-in": {4: "25/01/2026", 5: "03/01/2026"}}, ("", ""), ["lead.opt_in_date"]),
        ({"Opt-in": {4: "04/05/2026"}}, ("", ""), []),
        ({"Opt-in": {4: "25/01/2026", 5: "someday"}}, ("", ""), []),
        ({"Tier": many("t", 9)}, ("", ""), ["lead.attributes.tier"]),
        ({"Tier": many("t", 30)}, ("", ""), []),
        ({"Tier": many("tier of a long name ", 9)}, ("", ""), ["lead.attributes.tier.map"]),
        ({"Color": {4: "tin"}}, ("", ""), ["lead.attributes.color"]),
        ({"Color": {4: "tin", 5: ""}}, ("", ""), ["lead.attributes.color"]),
        ({"Owner": {4: ""}}, ("", ""), ["assign.when_blank"]),
        ({"Owner": {4: "zoe"}}, ("user_email: Owner", 'by: {column: Owner, map: {"a": b@leads.example}}'), []),
        ({"Do not call": {4: "yes", 5: "yes", 40: "yes"}}, ("", ""), ["where"]),
        ({"Do not call": {row: "yes" if row < 6 else "no" for row in range(2, 42)}}, ("", ""), ["where"]),
        ({"Consent": {row: "no" if row < 6 else "yes" for row in range(2, 42)}}, ("", ""), ["where"]),
        (
            {"Consent": {2: "call back"} | dict.fromkeys(range(3, 42), "yes")},
            ("", ""),
            ["where"],
        ),
        ({"Consent": {4: "no", 5: "No"}}, ("", ""), ["where"]),
        ({"Do not call": {4: "no", 5: "no"}}, ("", ""), []),
        ({"Consent": {9: "no"}}, ("List, one_of: [webinar]", "Consent, one_of: ['']"), []),
        ({"Do not call": {4: "yes"}, "Unsubscribed": {5: "1"}}, ("", ""), ["where"]),
    ],
)
def test_for_lists_with_one_defect(
    importer: CommandLine, changes: dict[str, Any], edit: tuple[str, ...], expected: list[str]
) -> None:
    assert MAPPING.count(edit[0])
    assert places(importer, a_list(importer.folder, **changes), MAPPING.replace(edit[0], edit[1], 1)) == expected


@pytest.mark.slow
def test_for_a_file_that_is_read_in_the_wrong_encoding(importer: CommandLine) -> None:
    """Only where the whole file is UTF-8: in the second one a single cell was broken before."""
    mapping = MAPPING + "source: {encoding: cp1252}\n"
    out, _ = checked(importer, a_list(importer.folder, Name={4: "José"}), mapping)
    assert [found["place"] for found in SUGGESTION.finditer(out)] == ["source.encoding"]
    out, _ = checked(importer, a_list(importer.folder, "cp1252", Name={4: "JosÃ©", 5: "Jürgen"}), mapping)
    assert "1 × values with broken letters" in out
    assert not SUGGESTION.search(out)


def outcome(file: Path, mapping: str) -> tuple[MappedBatch, set[int]]:
    """The mapped rows, and which of them are stopped."""
    loaded = parse_mapping(mapping, "m.yaml")
    (table,) = open_tables(file, ReadOptions(), columns_of(loaded.mapping))
    opened = Opened(table=table, mapper=Mapper(loaded, table.info, now=datetime(2026, 11, 22, tzinfo=UTC)))
    (batch,) = checked_batches(opened, loaded, limit=None, rejected=frozenset())
    return batch.mapped, set(batch.problems.rows[batch.problems.stops].tolist())


@pytest.mark.slow
@pytest.mark.parametrize("file", sorted((ROOT / "samples/exports").glob("*.csv")), ids=lambda path: path.stem)
def test_what_init_has_commented_out_does_what_it_says(file: Path) -> None:
    """An attribute adds itself, with a value for every cell; a condition leaves rows out. No row gets a problem."""
    text = suggest_mapping(file, GivenFile(name=str(file), path=file), ReadOptions(), Path("m.yaml")).suggestion.text
    was, stopped = outcome(file, text)
    attributes = [line for line in text.splitlines() if re.match(r"    # [\w\"]+: ", line)]
    assert attributes
    opened = text
    for line in attributes:
        opened = opened.replace(f"{line}\n", f"{line.replace('# ', '', 1)}\n")
    now, now_stopped = outcome(file, opened)
    assert now_stopped == stopped
    assert len(now.frame.columns) == len(was.frame.columns) + len(attributes)
    assert now.frame[was.frame.columns].equals(was.frame)
    where = re.search(r"(?m)^# where:\n(#   - .*\n)+", text)
    if where:
        now, now_stopped = outcome(file, text.replace(where[0], re.sub(r"(?m)^# ", "", where[0])))
        assert now_stopped == stopped - set(now.filtered.index[now.filtered])
        assert now.filtered.any()
        assert now.frame[~now.filtered].equals(was.frame[~now.filtered])

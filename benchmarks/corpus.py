"""Real files against what is known about them: `python benchmarks/corpus.py FOLDER [MANIFEST]`.

Every file of the manifest goes through `importer check` in a process of its own, with a mapping made for it. A table on
stdout lists what was expected and what came; the exit code is 1 if a file disagrees, takes too long or too much memory.

The manifest is a CSV file. It must have `path` (below FOLDER), `expect` (READ, REFUSE, or EITHER, both) and
`data_rows`. It may have `blank_rows`, `encoding`, `header_row`, `header` (names joined by ` | `;
the name before ` …` may be cut off) and `map_hint` (`crm_id=Account Id; first_name=First Name; attributes=City,Zip`).
Where no header is known, `data_rows`
are all filled rows: those that were read, the header row, and those above it (`blank_rows` left out).
Other columns are for people. The limits hold for refused and for doubtful files; honest work may take its time.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from importer.errors import SourceError
from importer.model.source import ReadOptions
from importer.reading.opening import open_tables

MOST_SECONDS = 10.0
MOST_MIB = 1024
FIRST_COLUMN = "Column 1"
LISTS = "attributes"


@dataclass(frozen=True, kw_only=True)
class Known:
    """A line of the manifest."""

    path: str
    expect: str
    rows: int | None
    blank_rows: int
    encoding: str
    header_row: int | None
    header: tuple[str, ...]
    hints: dict[str, str]

    @classmethod
    def of(cls, line: dict[str, str]) -> Known:
        number = {
            key: int(line[key]) if (line.get(key) or "").isdigit() else None
            for key in ("data_rows", "blank_rows", "header_row")
        }
        names, more, _ = (line.get("header") or "").partition(" …")
        known = [plain(name) for name in names.split(" | ")]
        hints = [part.strip().split("=", 1) for part in (line.get("map_hint") or "").split(";") if "=" in part]
        return cls(
            path=line["path"],
            expect=line["expect"],
            rows=number["data_rows"],
            blank_rows=number["blank_rows"] or 0,
            encoding=line.get("encoding") or "",
            header_row=number["header_row"],
            header=tuple(name for name in (known[:-1] if more else known) if name),
            hints={field: column.strip() for field, column in hints},
        )


@dataclass(frozen=True, kw_only=True)
class Got:
    """The result of `importer check` for a file."""

    exit_code: int
    rows: int | None
    header_row: int
    columns: tuple[str, ...]
    complaint: str
    crashed: bool
    seconds: float
    mib: int

    @property
    def word(self) -> str:
        if self.crashed:
            return "CRASH"
        return "READ" if self.exit_code in (0, 1) and self.rows is not None else "REFUSE"


def plain(name: str) -> str:
    """A column's name as it is compared: `2000.0` is how some programs write the number 2000."""
    return name.strip().removesuffix(".0")


def columns_in(path: Path, known: Known) -> tuple[str, ...]:
    """The names that the importer finds, or none if it refuses the file."""
    options = ReadOptions(header_row=known.header_row, encoding=known.encoding or None)
    try:
        return open_tables(path, options, frozenset(known.hints.values()) or frozenset(known.header))[0].info.columns
    except SourceError:
        return ()


def mapping_for(known: Known, columns: tuple[str, ...]) -> dict[str, object]:
    """The hints of the manifest; what a lead needs beyond them comes from the first column."""
    first = next(iter(known.header or columns), FIRST_COLUMN)
    lead: dict[str, object] = {field: column for field, column in known.hints.items() if field != LISTS}
    lead.setdefault("first_name", lead.get("last_name", first))
    lead.setdefault(
        "crm_id", {"digest_of": [lead[name] for name in ("first_name", "last_name") if name in lead], "prefix": "x-"}
    )
    lead.setdefault("phone_number", first)
    if LISTS in known.hints:
        names = [name.strip() for name in known.hints[LISTS].split(",")]
        lead[LISTS] = {name.lower().replace(" ", "_"): name for name in names}
    source = {"header_row": known.header_row, "encoding": known.encoding}
    return {
        "version": 1,
        "name": "corpus",
        "source": {key: value for key, value in source.items() if value},
        "defaults": {"region": "US"},
        "lead": lead,
    }


def check(path: Path, known: Known, folder: Path) -> Got:
    """One `importer check`, watched from outside."""
    columns = columns_in(path, known)
    mapping = folder / "mapping.yaml"
    mapping.write_text(yaml.safe_dump(mapping_for(known, columns), allow_unicode=True), encoding="utf-8")
    command = [
        "check",
        str(path),
        "-m",
        str(mapping),
        "--json",
        "--no-progress",
        "--reports-dir",
        str(folder / "reports"),
    ]
    with (folder / "out").open("w+b") as out, (folder / "err").open("w+b") as err:
        began = time.monotonic()
        process = subprocess.Popen([sys.executable, "-m", "importer", *command], stdout=out, stderr=err)
        alarm = threading.Timer(12 * MOST_SECONDS, process.kill)
        alarm.start()
        _, status, usage = os.wait4(process.pid, 0)
        alarm.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - began
    summary = summary_in((folder / "out").read_text(encoding="utf-8"))
    errors = (folder / "err").read_text(encoding="utf-8", errors="replace")
    return Got(
        exit_code=process.returncode,
        rows=summary.get("rows"),
        header_row=next((source["header_row"] for source in summary.get("sources", ())), 0),
        columns=columns,
        complaint=next((line for line in errors.splitlines() if line.startswith("error: ")), ""),
        crashed="Traceback" in errors or process.returncode not in (0, 1, 2),
        seconds=seconds,
        mib=usage.ru_maxrss >> (20 if sys.platform == "darwin" else 10),
    )


def summary_in(text: str) -> dict[str, Any]:
    try:
        summary: dict[str, Any] = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return summary


def rows_expected(known: Known, got: Got) -> int | None:
    """The rows below the header. A manifest that knows no header counts the rows of the whole sheet."""
    if known.header or known.rows is None:
        return known.rows
    return known.rows + known.blank_rows - got.header_row


def disagreements(known: Known, got: Got) -> list[str]:
    """The differences from the manifest."""
    found = [f"{got.seconds:.0f} s"] if got.seconds > MOST_SECONDS and known.expect != "READ" else []
    found += [f"{got.mib} MiB"] if got.mib > MOST_MIB else []
    if known.expect not in (got.word, "EITHER") or got.crashed:
        found.append(f"{got.word} instead of {known.expect}: {got.complaint or f'exit code {got.exit_code}'}")
    elif got.word == "REFUSE" and not got.complaint:
        found.append("refused without a word")
    elif got.word == "READ":
        rows = rows_expected(known, got)
        found += [f"{got.rows} rows instead of {rows}"] if rows is not None and got.rows != rows else []
        names = tuple(plain(name) for name in got.columns)
        missing = [name for name in known.header if name not in names]
        found += [f"no column {missing[0]!r} among {', '.join(names[:8])}"] if missing else []
    return found


def main(arguments: list[str]) -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("manifest", type=Path, nargs="?", help="FOLDER/manifest.csv if left out")
    given = options.parse_args(arguments)
    with (given.manifest or given.folder / "manifest.csv").open(encoding="utf-8-sig", newline="") as file:
        every = [Known.of(line) for line in csv.DictReader(file)]
    wrong = 0
    print(f"{'file':<64} {'expected':>13} {'got':>13} {'s':>6} {'MiB':>5}")
    with tempfile.TemporaryDirectory() as folder:
        for known in every:
            got = check(given.folder / known.path, known, Path(folder))
            found = disagreements(known, got)
            wrong += bool(found)
            expected = f"{known.expect} {'' if known.rows is None else known.rows}"
            came = f"{got.word} {'' if got.rows is None else got.rows}"
            print(f"{known.path[-64:]:<64} {expected:>13} {came:>13} {got.seconds:>6.1f} {got.mib:>5}")
            print("".join(f"    {line}\n" for line in found), end="", flush=True)
    print(f"{len(every)} files, {len(every) - wrong} as expected, {wrong} not")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

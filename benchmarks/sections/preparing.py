"""A dry run of so many rows, compared with reading alone and with other validators."""

from functools import partial
from pathlib import Path
from typing import Final

from benchmarks import leads
from benchmarks.contest import Contestant, Goal, compete, fresh, ratio, table
from benchmarks.environments import PEERS, python_of, version_of
from benchmarks.measuring import Command
from benchmarks.settings import Settings

FULL: Final = 1_000_000
"""Rows from which the goals are meaningful: with fewer, most of the time is that of imports."""


def dry_run(settings: Settings, name: str, file: Path, text: str = leads.MAPPING) -> Contestant:
    """Ours: read, map, validate, look for duplicates, write the report."""
    mapping = leads.mapping_of(settings.folder, f"bench-{file.suffix[1:]}", text)

    def command() -> Command:
        reports = fresh(settings.cache / "reports")
        arguments = ("check", str(file), "-m", str(mapping), "-q", "--reports-dir", str(reports))
        return Command(arguments=settings.importer(*arguments), folder=settings.repository, good=(0, 1))

    return Contestant(name=name, kind="ours", command=command)


def other(
    settings: Settings,
    name: str,
    kind: str,
    environment: str,
    script: str,
    *arguments: str,
    good: tuple[int, ...] = (0,),
) -> Contestant:
    """A floor or a peer: one script of benchmarks/peers in its own environment."""

    def command() -> Command:
        python = python_of(environment, settings.cache)
        return Command(arguments=[python, str(PEERS / script), *arguments], folder=PEERS, good=good)

    return Contestant(name=name, kind=kind, command=command)


def csv(count: int, settings: Settings) -> list[str]:
    """CSV."""
    file = leads.csv_of(settings.folder, count)
    path, work = str(file), fresh(settings.cache / "work")
    ours = dry_run(settings, "importer check", file)
    floor = other(settings, "pandas.read_csv alone", "floors", "floors", "read_csv.py", path, str(count))
    peer = partial(other, settings)
    frictionless = peer(_named("frictionless"), "peers", "frictionless", "frictionless_validate.py", path)
    script = peer("a script: pandas, phonenumbers", "peers", "script", "script.py", path, str(work))
    pandera = peer(_named("pandera"), "peers", "pandera", "pandera_validate.py", path)
    expectations = _named("great-expectations")
    great = peer(expectations, "peers", "great-expectations", "great_expectations_validate.py", path)
    everybody = [ours, floor, pandera, great, frictionless, _csvclean(settings, file), script]
    compete(everybody, settings, f"csv-{count}")
    goals = [
        Goal(text="ours ÷ `pandas.read_csv(dtype=str)`", value=ratio(ours, floor), limit=2.5),
        Goal(text="frictionless ÷ ours", value=ratio(frictionless, ours), limit=4, at_least=True),
        Goal(text="the script ÷ ours", value=ratio(script, ours), limit=6, at_least=True),
        _memory(ours, 450),
    ]
    size = file.stat().st_size / (1 << 20)
    return [
        f"## Dry run, CSV, {count:,} rows ({size:.0f} MiB)",
        "",
        *table(everybody, ours, count, settings),
        "",
        *(goal.line(holds=count >= FULL) for goal in goals),
    ]


def _csvclean(settings: Settings, file: Path) -> Contestant:
    """It only checks the shape of the rows; exit code 1 means that it found something."""

    def command() -> Command:
        tool = Path(python_of("csvkit", settings.cache)).with_name("csvclean")
        return Command(arguments=[str(tool), "-a", str(file)], good=(0, 1))

    return Contestant(name=f"csvclean ({_named('csvkit')}; no values)", kind="peers", command=command)


def bad(count: int, settings: Settings) -> list[str]:
    """Every row is bad."""
    ours = dry_run(settings, "1.5 % bad rows", leads.csv_of(settings.folder, count))
    worst = dry_run(settings, "100 % bad rows", leads.csv_of(settings.folder, count, bad=True))
    compete([ours, worst], settings, f"bad-{count}")
    goals = [Goal(text="100 % bad ÷ 1.5 % bad", value=ratio(worst, ours), limit=1.8), _memory(worst, 450)]
    lines = [goal.line(holds=count >= FULL) for goal in goals]
    return [f"## Bad rows, CSV, {count:,} rows", "", *table([ours, worst], ours, count, settings), "", *lines]


def xlsx(count: int, settings: Settings) -> list[str]:
    """A workbook."""
    file = leads.xlsx_of(settings.folder, count)
    path, rows = str(file), str(count)
    ours = dry_run(settings, "importer check", file, leads.WORKBOOK_MAPPING)
    calamine = other(settings, "calamine, iterating", "floors", "floors", "calamine_iterating.py", path, rows)
    arrow = other(settings, "fastexcel to Arrow", "floors", "floors", "fastexcel_arrow.py", path, rows)
    openpyxl = other(settings, "pandas.read_excel(openpyxl)", "peers", "floors", "read_excel.py", path, rows)
    everybody = [ours, calamine, arrow, openpyxl]
    compete(everybody, settings, f"xlsx-{count}")
    fastest = min(
        (each for each in (calamine, arrow) if each.rounds), key=lambda e: e.median(lambda m: m.wall), default=None
    )
    goals = [
        Goal(text="ours ÷ the fastest reader alone", value=ratio(ours, fastest) if fastest else None, limit=2),
        Goal(text="`read_excel(openpyxl)` ÷ ours", value=ratio(openpyxl, ours), limit=6, at_least=True),
        _memory(ours, 1250),
    ]
    lines = [goal.line(holds=count >= FULL) for goal in goals]
    columns = len(leads.HEADER) - len(leads.NOT_IN_WORKBOOKS)
    title = f"## Dry run, XLSX, {count:,} rows of {columns} columns"
    return [title, "", *table(everybody, ours, count, settings), "", *lines]


def _memory(ours: Contestant, limit: int) -> Goal:
    value = max((each.peak for each in ours.rounds.values()), default=None)
    return Goal(text="our peak memory", value=value, limit=limit, unit=" MiB")


def _named(package: str) -> str:
    return f"{package} {version_of(package, package)}"

"""The time until the user sees something: `--help`, and a check of 100 rows."""

import sys
from functools import partial

from benchmarks import leads
from benchmarks.contest import Contestant, Goal, compete, fresh, ratio, table
from benchmarks.measuring import Command
from benchmarks.settings import Settings


def run(settings: Settings) -> list[str]:
    """The part of results.md."""
    file = leads.csv_of(settings.folder, 100)
    mapping = leads.mapping_of(settings.folder, "bench", leads.MAPPING)

    def check() -> Command:
        reports = fresh(settings.cache / "reports")
        arguments = ("check", str(file), "-m", str(mapping), "-q", "--reports-dir", str(reports))
        return Command(arguments=settings.importer(*arguments), folder=settings.repository, good=(0, 1))

    def plain(*arguments: str) -> Command:
        return Command(arguments=[sys.executable, *arguments], folder=settings.repository)

    bare = Contestant(name="a bare python", kind="ours", command=partial(plain, "-c", "pass"))
    helped = Contestant(name="importer --help", kind="ours", command=partial(plain, "-m", "importer", "--help"))
    version = Contestant(name="importer --version", kind="ours", command=partial(plain, "-m", "importer", "--version"))
    pandas = Contestant(name="import pandas", kind="floors", command=partial(plain, "-c", "import pandas"))
    pandera = Contestant(name="import pandera", kind="floors", command=partial(plain, "-c", "import pandera.pandas"))
    checked = Contestant(name="importer check, 100 rows", kind="ours", command=check)
    everybody = [bare, helped, version, pandas, pandera, checked]
    compete(everybody, settings, "start")
    wall = helped.median(lambda each: each.wall) * 1000 if helped.rounds else None
    base = bare.median(lambda each: each.wall) * 1000 if bare.rounds else 0.0
    imports = ratio(checked, pandera)
    return [
        "## Start-up",
        "",
        *table(everybody, helped, 100, settings),
        "",
        Goal(
            text=f"`importer --help` (a bare python takes {base:.0f} ms here)", value=wall, limit=150, unit=" ms"
        ).line(),
        Goal(text="a check of 100 rows ÷ importing pandera alone", value=imports, limit=2.5).line(),
    ]

"""`python -m benchmarks`: measure everything and write results.md. See docs/performance.md."""

import argparse
import hashlib
import os
import platform
import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks import environments
from benchmarks.measuring import Failed
from benchmarks.sections import planning, preparing, pushing, starting
from benchmarks.settings import KINDS, Settings

ROOT = Path(__file__).parents[1]
Part = Callable[[], list[str]]


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0, or 1 when a part could not be measured at all."""
    options = _parser().parse_args(arguments)
    settings = _settings(options)
    (settings.cache / "parts").mkdir(parents=True, exist_ok=True)
    failures = 0
    parts = _parts(settings)
    known = KINDS + tuple(dict.fromkeys(name.split("-")[0] for name in parts))
    if unknown := settings.only - set(known):
        sys.exit(f"--only knows {', '.join(known)}, not {', '.join(sorted(unknown))}")
    results = Path(options.results)
    for name, part in parts.items():
        if settings.wants(name.split("-")[0]):
            failures += not _measure(name, part, settings, again=options.again)
            _write(results, parts, settings)
    settings.say(f"written: {results}")
    return 1 if failures else 0


def _measure(name: str, part: Part, settings: Settings, *, again: bool) -> bool:
    """Measure a part, unless it was measured of the same code with the same options; keep what came of it."""
    kept = settings.cache / "parts" / f"{name}.md"
    key = f"<!-- {_digest(settings)} {settings.repeat} {','.join(sorted(settings.only & set(KINDS)))} -->"
    if not again and kept.exists() and kept.read_text(encoding="utf-8").splitlines()[0] == key:
        settings.say(f"{name}: measured before (--again measures it again)")
        return True
    if settings.time_is_up():
        settings.say(f"{name}: not measured, the {settings.minutes:g} minutes are over")
        return False
    settings.say(name)
    try:
        lines = part()
    except Failed as error:
        settings.say(f"{name}: not measured: {error}")
        lines, key = [f"## {name}", "", f"Not measured: {error}"], ""
    load = os.getloadavg()[0]
    kept.write_text("\n".join([key, *lines, "", f"(load of the machine at the end: {load:.1f})", ""]), encoding="utf-8")
    return bool(key)


def _write(results: Path, parts: dict[str, Part], settings: Settings) -> None:
    """results.md, with what was measured so far."""
    texts = [_machine(settings)]
    for name in parts:
        kept = settings.cache / "parts" / f"{name}.md"
        if kept.exists():
            texts.append(kept.read_text(encoding="utf-8").split("\n", 1)[1])
    results.parent.mkdir(parents=True, exist_ok=True)
    results.write_text("\n".join(texts), encoding="utf-8")


def _parts(settings: Settings) -> dict[str, Part]:
    parts: dict[str, Part] = {"start": lambda: starting.run(settings)}
    for count in settings.rows:
        parts[f"csv-{count}"] = partial(preparing.csv, count, settings)
    parts[f"bad-{max(settings.rows)}"] = lambda: preparing.bad(max(settings.rows), settings)
    for count in settings.rows:
        parts[f"xlsx-{count}"] = partial(preparing.xlsx, count, settings)
    parts[f"plan-{max(settings.rows)}"] = lambda: planning.run(settings)
    parts[f"push-{settings.push_rows}"] = lambda: pushing.push(settings)
    parts[f"latency-{settings.push_rows}"] = lambda: pushing.latency(settings)
    parts[f"rate-{settings.rate_seconds:g}"] = lambda: pushing.rate(settings)
    return parts


def _digest(settings: Settings) -> str:
    """Of everything that is measured and that measures."""
    digest = hashlib.sha256()
    for folder in ("importer", "benchmarks"):
        for path in sorted((settings.repository / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _machine(settings: Settings) -> str:
    cpu = _found(r"model name\s*: (.+)", Path("/proc/cpuinfo")) or platform.processor() or platform.machine()
    kib = _found(r"MemTotal:\s*(\d+)", Path("/proc/meminfo"))
    memory = f", {int(kib) / (1 << 20):.0f} GiB of memory" if kib else ""
    ours = " ".join(f"{name} {_pinned(name)}" for name in ("pandas", "pyarrow", "pandera", "phonenumbers", "httpx"))
    floors = " ".join(
        f"{name} {environments.version_of(name, 'floors')}" for name in ("pandas", "python-calamine", "fastexcel")
    )
    return f"""# Results

Written by `make bench`; [docs/performance.md](../docs/performance.md) says what is measured and how to read it. Every
figure is the median of up to {settings.repeat} rounds in which all contestants took turns; a ratio is the median of the
rounds' ratios. Times are those of whole processes. Memory is that of a process and all its children together.

- Machine: {os.cpu_count()} cores ({cpu}){memory}, {platform.system()} {platform.release().partition("-")[0]},
  Python {platform.python_version()}
- The importer's libraries: {ours}
- Floors: {floors}
"""


def _found(pattern: str, path: Path) -> str:
    found = re.search(pattern, path.read_text()) if path.exists() else None
    return found[1] if found else ""


def _pinned(name: str) -> str:
    found = re.search(rf"^{re.escape(name)}==(\S+)", (ROOT / "requirements" / "run.txt").read_text(), re.M)
    return found[1] if found else "?"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rows", default="1000,100000,1000000", help="sizes of the lists [%(default)s]")
    parser.add_argument("--repeat", type=int, default=0, help="rounds [5; 1 for small lists]")
    parser.add_argument("--only", default="", help="parts (start, csv, …) and contestants (ours, floors, peers)")
    parser.add_argument("--push-rows", type=int, default=0, help="rows of the pushes [the largest list, at most 10000]")
    parser.add_argument("--rate-seconds", type=float, default=0, help="length of the push at the published rate [600]")
    parser.add_argument("--minutes", type=float, default=240, help="begin nothing new after so many [%(default)s]")
    parser.add_argument("--longest", type=float, default=1200, help="seconds that one process may take [%(default)s]")
    parser.add_argument("--again", action="store_true", help="measure parts again that were measured of the same code")
    parser.add_argument("--cache", default=str(ROOT / ".bench"), help="lists, environments and logs [%(default)s]")
    parser.add_argument("--results", default=str(ROOT / "benchmarks" / "results.md"))
    return parser


def _settings(options: argparse.Namespace) -> Settings:
    rows = tuple(int(each) for each in options.rows.replace("_", "").split(","))
    small = max(rows) < 100_000
    return Settings(
        rows=rows,
        repeat=options.repeat or (1 if small else 5),
        only=frozenset(options.only.replace(" ", "").split(",")) - {""},
        cache=Path(options.cache).resolve(),
        minutes=options.minutes,
        longest=options.longest,
        push_rows=options.push_rows or min(max(rows), 1000 if small else 10_000),
        rate_seconds=options.rate_seconds or (10 if small else 600),
        repository=ROOT,
    )


if __name__ == "__main__":
    sys.exit(main())

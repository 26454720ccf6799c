"""All targets, two at a time, for so many seconds each: `python -m tests.fuzz.campaign 1800 [TARGET...]`.

Logs, corpora and findings are kept in `.fuzz/`; the next campaign goes on from there.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FOLDER = Path(".fuzz")
TARGETS = ("csv", "workbook", "mapping", "refusal")
AT_A_TIME = 2


def main(seconds: str, *names: str) -> int:
    """Run them; 1 if anything was found."""
    FOLDER.mkdir(exist_ok=True)
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        codes = list(pool.map(lambda name: _run(name, seconds), names or TARGETS))
    return int(any(codes))


def _run(name: str, seconds: str) -> int:
    log = FOLDER / f"{name}.log"
    with log.open("wb") as out:
        command = [sys.executable, "-m", "tests.fuzz.atheris_run", name, seconds, str(FOLDER)]
        code = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, check=False).returncode
    text = log.read_text(encoding="utf-8", errors="replace")
    print(f"{name}: {_figures(name, text)}", flush=True)
    if code:
        print(f"{name}: FOUND something, or could not run: see the end of {log}\n{text[-3_000:]}", flush=True)
    return code


def _figures(name: str, text: str) -> str:
    executed, peak = (
        re.findall(rf"stat::{stat}:\s*(\d+)", text) for stat in ("number_of_executed_units", "peak_rss_mb")
    )
    covered = re.findall(r" cov: (\d+) ", text)
    slowest = FOLDER / name / "slowest.json"
    seconds = json.loads(slowest.read_text(encoding="utf-8"))["cpu_seconds"] if slowest.exists() else "?"
    return (
        f"{int(executed[-1]) if executed else 0:,} executions, {covered[-1] if covered else '?'} places covered,"
        f" slowest input {seconds} s, peak {peak[-1] if peak else '?'} MB"
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""One target under atheris: `python -m tests.fuzz.atheris_run csv 60 FOLDER`; see docs/fuzzing.md.

Only the code below `with` is watched for new coverage; what is imported before it runs at full speed.
"""

from __future__ import annotations

import json
import os
import random
import resource
import sys
import time
from pathlib import Path

import atheris
import pandas as pd  # noqa: F401
import phonenumbers  # noqa: F401
import pyarrow.compute  # noqa: F401
import pydantic  # noqa: F401

with atheris.instrument_imports(include=["importer", "yaml"]):
    from tests.fuzz.targets import TARGETS

from tests.fuzz.mutators import change_workbook
from tests.fuzz.seeds import seeds

SECONDS_AN_INPUT = 10
"""Of the processor's time: on a busy machine a clock says nothing about the input."""
HANGS_AFTER = 120
"""Seconds on the clock."""
MEGABYTES = 2048


def main(name: str, seconds: str, folder: str) -> None:
    """Fuzz one target for so many seconds; the process ends with 0 if nothing was found."""
    place = Path(folder) / name
    for kind in ("corpus", "seeds", "findings"):
        (place / kind).mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(name)):
        (place / "seeds" / f"{number:03}").write_bytes(seed)
    options = [
        f"-seed={os.environ.get('FUZZ_SEED', '0')}",  # 0 is a different one each time
        f"-max_total_time={seconds}",
        f"-timeout={HANGS_AFTER}",
        f"-rss_limit_mb={MEGABYTES}",
        f"-artifact_prefix={place}/findings/",
        "-max_len=65536",
        "-print_final_stats=1",
        "-verbosity=1",
    ]
    arguments = [sys.argv[0], *options, str(place / "corpus"), str(place / "seeds")]
    atheris.Setup(arguments, _Watched(name, place), **_mutator(name))
    atheris.Fuzz()


class _Watched:
    """The target, and the slowest of its inputs, which is kept."""

    def __init__(self, name: str, place: Path) -> None:
        self._target = TARGETS[name]
        self._place = place
        self._slowest = 0.0

    def __call__(self, content: bytes) -> None:
        began = time.process_time()
        self._target(content)
        took = time.process_time() - began
        if took > self._slowest:
            self._slowest = took
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
            (self._place / "slowest.json").write_text(json.dumps({"cpu_seconds": round(took, 3), "peak_mb": peak}))
            (self._place / "slowest.input").write_bytes(content)
        assert took <= SECONDS_AN_INPUT, f"took {took:.1f} s"


def _mutator(name: str) -> dict[str, object]:
    if name != "workbook":
        return {}

    def change(content: bytes, most: int, seed: int) -> bytes:
        return change_workbook(content, most, random.Random(seed), atheris.Mutate)

    return {"custom_mutator": change}


if __name__ == "__main__":
    main(*sys.argv[1:])

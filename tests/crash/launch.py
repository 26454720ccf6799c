"""Starts the importer for the harness: warm, on a hurried clock, and, when asked to, mutated or about to die.

Starting Python with pandas costs more than a second; a trial starts it many times. So one process imports everything
once and forks a child for every command: the child is a process of its own, with files, sockets and locks of its own,
and can be killed like any other. One line of JSON asks for a command; two lines answer: its pid, then how it ended.
With `--once` it becomes the command itself, started cold.
"""

import json
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any


def _become(order: dict[str, Any]) -> None:
    """Turn this process into the command that was ordered."""
    from importer.cli.error_boundary import main
    from importer.journal import plan
    from tests.crash import fast_clock
    from tests.crash.mutants import MUTANTS, synchronous_normal
    from tests.crash.points import arm

    os.environ.update(order.get("env", {}))
    out = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.close(0)
    fast_clock.hurry()
    plan.MATERIALIZED_AT_ONCE = 7  # so that a short list has many batches
    if order.get("mutant"):
        {**MUTANTS, "synchronous-normal": synchronous_normal}[order["mutant"]]()
    if order.get("crash"):
        name, _, hit = order["crash"].partition(":")
        arm(name, int(hit))
    code = main(order["argv"])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _warm_up() -> None:
    """Import whatever a run imports."""
    for name in (
        "importer.cli.error_boundary",
        "importer.cli.run_summary",
        "importer.runs.service",
    ):
        import_module(name)
    for name in ("tests.crash.mutants", "tests.crash.points"):
        import_module(name)


def _serve() -> None:
    _warm_up()
    print("ready", flush=True)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                _become(json.loads(line))
            finally:
                os._exit(99)
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    if sys.argv[1:2] == ["--once"]:
        _become(json.loads(sys.argv[2]))
    else:
        _serve()

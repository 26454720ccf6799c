"""Starts `importer` in processes of their own without importing it each time: one warm process forks for every command.

One line of JSON in (`argv`, `env`, `cwd`, `out`), one line out: the pid. How it ended stands in `out` + `.code`.
"""

import json
import os
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Any


def become(order: dict[str, Any]) -> None:
    from importer.cli.edge import main

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    out = os.open(order["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.close(0)
    code = int(main(order["argv"]))
    sys.stdout.flush()
    sys.stderr.flush()
    Path(order["out"] + ".code").write_text(str(code))
    os._exit(code)


def serve() -> None:
    for name in ("importer.cli.edge", "importer.cli.ending", "importer.cli.rehearsal", "importer.runs.job"):
        import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    print("ready", flush=True)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                become(json.loads(line))
            finally:
                os._exit(99)
        print(pid, flush=True)


if __name__ == "__main__":
    serve()

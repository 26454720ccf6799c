"""The processes of a trial: the oracle, and the launcher that starts importers to be killed."""

import http.client
import json
import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[2]
KILLED = -int(signal.SIGKILL)


class OracleProcess:
    """The oracle; `kill` and `start` again keep its port and its store."""

    def __init__(self, folder: Path) -> None:
        self._store = folder / "oracle.jsonl"
        self.port = 0
        self.start()

    def start(self) -> None:
        command = [sys.executable, str(Path(__file__).with_name("oracle.py")), "--store", str(self._store)]
        self._process = subprocess.Popen([*command, "--port", str(self.port)], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def begin(self, org: str, **wanted: Any) -> None:
        """Open an org with these faults and leads."""
        self._ask("POST", org, json.dumps(wanted))

    def told(self, org: str) -> dict[str, Any]:
        """What has really happened there."""
        effects: dict[str, Any] = self._ask("GET", org)
        return effects

    def requests(self, org: str) -> int:
        """How many requests have come."""
        count: int = self._ask("GET", f"{org}/requests")
        return count

    def _ask(self, method: str, org: str, body: str = "") -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        try:
            connection.request(method, f"/_oracle/{org}", body or None)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()


class Launcher:
    """Starts one importer at a time; use several for several at once."""

    def __init__(self) -> None:
        command = [sys.executable, str(Path(__file__).with_name("launch.py"))]
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, cwd=ROOT, env=environment
        )
        self._ready = False
        self.pid = 0

    def start(self, order: dict[str, Any]) -> None:
        """Start an importer."""
        assert self._process.stdin is not None
        if not self._ready:
            self._line()
            self._ready = True
        self._process.stdin.write(json.dumps(order) + "\n")
        self.pid = int(self._line())

    def wait(self, seconds: float) -> int | None:
        """The exit code (negative: the signal that killed it), or `None` if it is still running after that time."""
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], max(0.0, seconds))[0]:
            return None
        return int(self._line())

    def kill(self) -> int:
        """SIGKILL; returns the exit code, which is its own if it was faster."""
        with suppress(ProcessLookupError):  # the launcher has seen its end already
            os.kill(self.pid, signal.SIGKILL)
        return int(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        self._process.kill()
        self._process.wait()


class ColdLauncher(Launcher):
    """Starts every importer as a new Python, like a person does: slower, and with nothing shared."""

    def __init__(self) -> None:
        self._running: subprocess.Popen[bytes] | None = None

    def start(self, order: dict[str, Any]) -> None:
        """Start an importer."""
        command = [sys.executable, str(Path(__file__).with_name("launch.py")), "--once", json.dumps(order)]
        self._running = subprocess.Popen(command, cwd=ROOT)
        self.pid = self._running.pid

    def wait(self, seconds: float) -> int | None:
        """As `Launcher.wait`."""
        assert self._running is not None
        try:
            return self._running.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> int:
        """As `Launcher.kill`."""
        assert self._running is not None
        self._running.kill()
        return self._running.wait()

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._running is not None and self._running.poll() is None:
            self.kill()

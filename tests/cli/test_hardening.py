"""What the process does first: no core dump, no traceback and no log record with the credential in it."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.canary import CANARY, found_in
from tests.cli.command_line import PLAIN_MAPPING, ROOT, CommandLine, lead

BEGIN = """
import asyncio, logging, os, sys, threading
from importer.cli.hardening import harden
from importer.crm.credential import Credential, CredentialKind
harden()
key = os.environ["KEY"]
credential = Credential(CredentialKind.API_KEY, key, source="test")
"""


def ended(script: str, tmp_path: Path, *, core: int = 0) -> subprocess.CompletedProcess[str]:
    """A process that hardens itself and then does this."""
    path = tmp_path / "script.py"
    path.write_text(BEGIN + script)

    def allow_cores() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (core, resource.getrlimit(resource.RLIMIT_CORE)[1]))

    return subprocess.run(
        [sys.executable, str(path)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "KEY": CANARY, "PATH": ""},
        capture_output=True,
        text=True,
        timeout=300,
        preexec_fn=allow_cores,
    )


@pytest.mark.skipif(resource.getrlimit(resource.RLIMIT_CORE)[1] == 0, reason="no core dumps here at all")
def test_a_crash_of_the_interpreter_leaves_no_core(tmp_path: Path) -> None:
    limit = "import resource; print(resource.getrlimit(resource.RLIMIT_CORE))"
    assert ended(limit, tmp_path, core=4096).stdout == "(0, 0)\n"


def test_the_command_hardens_its_process_first(tmp_path: Path) -> None:
    script = """
from importer.cli import entry
sys.excepthook, sys.argv = sys.__excepthook__, ["importer", "--version"]
try:
    entry()
finally:
    print(sys.excepthook.__module__)
"""
    assert ended(script, tmp_path).stdout.endswith("importer.cli.hardening\n")


UNCAUGHT = {
    "the main thread": "secret = key\nraise RuntimeError(f'header {secret!r}')",
    "a nested cause": (
        "try:\n  raise ValueError(key)\nexcept ValueError as error:\n  raise RuntimeError(key.encode()) from error"
    ),
    "a thread": (
        "def work():\n  raise RuntimeError(key)\n"
        "thread = threading.Thread(target=work)\nthread.start()\nthread.join()\nsys.exit(1)"
    ),
    "where nobody can catch it": (
        "class Thing:\n  def __del__(self):\n    raise RuntimeError(key)\nthing = Thing()\ndel thing\nsys.exit(1)"
    ),
    "a task that nobody waits for": (
        "async def work():\n  raise RuntimeError(key)\n"
        "async def main():\n  task = asyncio.ensure_future(work())\n  await asyncio.sleep(0)\n  del task\n"
        "asyncio.run(main())\nimport gc\ngc.collect()\nsys.exit(1)"
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("where", UNCAUGHT)
def test_an_exception_that_nobody_catches_is_shown_without_the_key(where: str, tmp_path: Path) -> None:
    done = ended(UNCAUGHT[where], tmp_path)
    assert done.returncode == 1
    assert "RuntimeError: " in done.stderr
    assert "***" in done.stderr
    assert "script.py" in done.stderr, "where it was is shown"
    assert not (leak := found_in(done.stderr)), leak


def test_no_record_of_any_logger_shows_the_key(tmp_path: Path) -> None:
    script = """
logging.basicConfig(level=logging.DEBUG, format="%(name)s %(message)s")
import base64, urllib.parse
other = logging.getLogger("some.library")
other.addHandler(logging.FileHandler("other.log"))
other.warning("plain %s", key)
other.warning("bytes %r and %s", key.encode(), {"headers": [key]})
other.warning("base64 %s", base64.b64encode(b"Basic " + key.encode()).decode())
other.warning("address %s", urllib.parse.quote(key, safe=""))
other.warning("wrong format %d", key) if False else None
logging.error(key)
try:
    raise ValueError(key)
except ValueError:
    other.exception("with a traceback")
"""
    done = ended(script, tmp_path)
    assert done.returncode == 0, done.stderr
    log = (tmp_path / "other.log").read_text()
    assert log.count("***") == 6, log
    assert "ValueError: ***" in done.stderr
    for text in (done.stdout, done.stderr, log):
        assert not (leak := found_in(text)), leak


def test_the_http_library_logs_no_address(tmp_path: Path) -> None:
    script = """
logging.basicConfig(level=logging.DEBUG)
from importer.crm.client import LeadsClient
from importer.model.operation import Call, Kind, Operation, RowId
call = Call(row=RowId(0, 2), ordinal=0, crm_id="L-77", operation=Operation(kind=Kind.EVENT, key="k", body=b"{}"))
async def main():
    server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with LeadsClient(base_url=f"http://127.0.0.1:{port}", org="o1", credential=credential) as client:
        print(await client.send(call))
    server.close()
asyncio.run(main())
"""
    done = ended(script, tmp_path)
    assert "NoAnswer" in done.stdout, done.stderr
    assert "L-77" not in done.stderr
    assert "httpx" not in done.stderr
    assert "httpcore" not in done.stderr


DEFECT = """
import sys
from importer.crm.client import LeadsClient
async def send(self, call):
    secret = self._credential.headers()["x-org-api-key"]
    raise RuntimeError(f"Illegal header value {secret.encode()!r}")
LeadsClient.send = send
from importer.cli import entry
entry()
"""


@pytest.mark.slow
@pytest.mark.parametrize("verbose", [(), ("-v",)])
def test_a_defect_is_reported_without_the_key(importer: CommandLine, verbose: tuple[str, ...]) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table([lead(1)])
    importer.write("defect.py", DEFECT)
    words = ["run", "list.csv", "-m", "m.yaml", "--org", "o1", "--base-url", "http://127.0.0.1:9", "--yes", *verbose]
    done = subprocess.run(
        [sys.executable, "defect.py", *words],
        cwd=importer.folder,
        env={"PYTHONPATH": str(ROOT), "SALESCHAT_API_KEY": CANARY},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 70, done.stderr
    assert "bug in the importer: RuntimeError in defect.py" in done.stderr
    assert ("***" in done.stderr) == bool(verbose), "the traceback's last line, for those who ask"
    assert not (leak := found_in(done.stdout + done.stderr)), leak

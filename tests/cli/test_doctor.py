"""The doctor says what it has proven and what not, waits for nothing, and shows no secret."""

import os
import threading
from pathlib import Path

import pytest

from importer.sandbox import Sandbox
from tests.cli.command_line import KEY, ORG, PLAIN_MAPPING, CommandLine, leads


def _lines(importer: CommandLine, *arguments: str) -> dict[str, str]:
    return {line[4:17].strip(): line for line in importer("doctor", *arguments).out.splitlines() if line[3] == " "}


def test_a_key_of_the_right_form_is_shown_as_unproven(importer: CommandLine, sandbox: Sandbox) -> None:
    importer.environment["SALESCHAT_API_KEY"] = os.environ["SALESCHAT_API_KEY"] = "a-wrong-key-of-the-right-form"
    ended = importer("doctor")
    assert ended.code == 0
    (line,) = (line for line in ended.out.splitlines() if "credential" in line)
    assert line.startswith("?  ")
    assert "whether the server accepts it, only a run can tell" in line
    assert sandbox.state.leads == ()


@pytest.mark.parametrize(
    "key",
    ['"abcdefgh-12345"', "'abcdefgh-12345'", "$SALESCHAT_KEY", "${KEY_OF_MINE}", "%SALESCHAT_KEY%", "<your-key-here>",
     "YOUR_API_KEY", "my-api-key", "changeme", "change-me-1", "xxxxxxxxxxxx", "********", "https://apis.saleschat.pro",
     "x-org-api-key:abcdefgh", "Bearer:abcdefgh"],
)  # fmt: skip
def test_what_is_hardly_a_key_is_found(
    importer: CommandLine, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("SALESCHAT_API_KEY", key)
    ended = importer("doctor")
    assert ended.code == 2
    assert "NO  credential" in ended.out
    assert key not in ended.out
    assert sandbox.state.leads == ()


def test_a_folder_that_cannot_be_written_is_found(importer: CommandLine, sandbox: Sandbox) -> None:
    (importer.folder / "file").touch()
    for folder in ("/proc/self/reports", "/proc/self", "file", "file/reports"):
        ended = importer("doctor", "--reports-dir", folder)
        assert ended.code == 2, folder
        assert "NO  reports" in ended.out, folder
    assert _lines(importer)["reports"].startswith("ok ")
    assert not importer.reports.exists()


def _substituted(secret: bytes) -> tuple[str, int]:
    """A pipe as the shell hands it out for `<(printf KEY)`."""
    read, write = os.pipe()
    os.write(write, secret)
    os.close(write)
    return f"/dev/fd/{read}", read


def test_a_key_out_of_a_pipe_is_read_once(importer: CommandLine, sandbox: Sandbox) -> None:
    del os.environ["SALESCHAT_API_KEY"]
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(2))
    for command in (("doctor",), ("run", "list.csv", "-m", "m.yaml", "--yes", "--rate", "0", "--settle", "0", "-v")):
        path, descriptor = _substituted(KEY.encode())
        try:
            ended = importer(*command, "--api-key-file", path)
        finally:
            os.close(descriptor)
        assert ended.code == 0, ended
    assert len(sandbox.state.leads) == 2


def test_a_named_pipe_is_not_waited_for(importer: CommandLine, sandbox: Sandbox) -> None:
    os.mkfifo(importer.folder / "key", mode=0o600)
    done = threading.Event()
    threading.Thread(target=lambda: (done.wait(20), _unblock(importer.folder / "key", done)), daemon=True).start()
    ended = importer("doctor", "--api-key-file", "key")
    assert not done.is_set(), "it was waited for"
    done.set()
    assert ended.code == 2
    assert "is a named pipe" in ended.out


def _unblock(path: Path, done: threading.Event) -> None:
    """A doctor that waits must not stop the suite."""
    if not done.is_set():
        done.set()
        os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))


@pytest.mark.parametrize("url", ["https://x.example/?key=s3cr3t-9", "https://x.example#s3cr3t-9", "https://u:s3cr3t-9@x.example",
                                 "https://x.example/v4;?a=b&token=s3cr3t-9"])  # fmt: skip
@pytest.mark.parametrize(
    "command", [("doctor",), ("doctor", "-v", "--json"), ("check", "list.csv", "-m", "m.yaml", "-v")]
)
def test_a_secret_within_an_address_is_never_shown(importer: CommandLine, url: str, command: tuple[str, ...]) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(1))
    ended = importer(*command, "--org", ORG, "--base-url", url)
    assert ended.code == 2
    assert "s3cr3t" not in ended.out + ended.err
    assert not importer.reports.exists()


@pytest.mark.parametrize("command", [("doctor",), ("runs",), ("check", "list.csv", "-m", "m.yaml"),
                                     ("init", "list.csv"), ("resume",), ("purge", "--older-than", "1d")])  # fmt: skip
def test_a_deleted_working_folder_is_no_defect(
    importer: CommandLine, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    gone = importer.folder / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    ended = importer(*command)
    assert ended.code == 2
    assert "the current folder no longer exists" in ended.error
    assert importer("--help").code == 0

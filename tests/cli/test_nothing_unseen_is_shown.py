"""A hostile list, sheet, header, cell, owner, file name and server: what reaches the terminal, the log and the page."""

import json
import logging
import threading
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import redirect_stderr
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path

import openpyxl
import pytest

from importer.cli.console import Console
from importer.cli.error_boundary import main
from importer.runs.service import Service
from tests.cli.command_line import FAST, KEY, CommandLine, Ended

EVIL = "\x1b]0;owned\x07\x9b31m\u202e\u200b\u2028\ufeffx"
DANGEROUS = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
MAPPING = """\
version: 1
name: evil
lead: {crm_id: ID, first_name: Name, phone_number: Phone, attributes: {}}
assign: {user_email: Owner, when_blank: skip}
unmapped: attributes
"""


def dangers(text: str, allowed: str = "\n") -> set[str]:
    return {
        character for character in text if character not in allowed and unicodedata.category(character) in DANGEROUS
    }


def texts(document: object) -> Iterator[str]:
    """Every text in a JSON document."""
    if isinstance(document, str):
        yield document
    elif isinstance(document, dict | list):
        for part in document.values() if isinstance(document, dict) else document:
            yield from texts(part)


class Refusing(BaseHTTPRequestHandler):
    """Refuses every lead, in words that try to take over the terminal."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        words = {"error_code": 4220001, "error_message": EVIL, "error_description": EVIL, "payload": {}}
        content = json.dumps(words).encode()
        self.send_response(422)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def refusing(importer: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        for name, value in (("ORG_ID", "o1"), ("API_KEY", KEY), ("BASE_URL", address)):
            monkeypatch.setenv(f"SALESCHAT_{name}", value)
        yield address
        server.shutdown()
        thread.join()


@pytest.fixture
def hostile(importer: CommandLine) -> Path:
    """A list whose name, headers, cells and owner are hostile."""
    name = f"{EVIL}\nerror: all is well\n.csv"
    rows = [["L-1", EVIL, "+919876500001", EVIL, EVIL], ["L-2", "Asha", EVIL, "", ""]]
    rows += [[f"L-{n}", f"Asha {n}", f"+91987650{n:04}", f"o{n}@x.example", "x"] for n in range(10, 13)]
    importer.mapping(MAPPING, name=f"{EVIL}.yaml")
    return importer.table(rows, name, columns=("ID", "Name", "Phone", "Owner", f"Note{EVIL}"))


def assert_safe(ended: Ended) -> None:
    assert dangers(ended.out) == set(), ended.out
    assert dangers(ended.err) == set(), ended.err
    errors = [line for line in ended.err.splitlines() if line.startswith("error:")]
    assert "error: all is well" not in errors


def test_whatever_a_list_and_a_server_say_is_shown_as_characters(
    importer: CommandLine, hostile: Path, refusing: str
) -> None:
    mapping = f"{EVIL}.yaml"
    for arguments in (
        ("check", hostile, "-m", mapping, "-v"),
        ("run", hostile, "-m", mapping, "-v", *FAST),
        ("runs",),
        ("report", "latest"),
        ("doctor", "--reports-dir", f"reports/{EVIL}"),
        ("init", hostile, "-o", f"out{EVIL}.yaml"),
        ("init", hostile, "-o", f"out{EVIL}.yaml"),
        ("check", f"nowhere{EVIL}\nerror: all is well", "-m", mapping),
        ("check", hostile, "-m", mapping, "--encoding", EVIL),
        ("run", hostile, "-m", mapping, "--run-name", EVIL),
        ("resume", EVIL),
        ("report", EVIL),
        ("run", hostile, "-m", mapping, "--api-key-file", EVIL, "--again"),
        ("doctor", "--org", EVIL),
        ("runs", "--profile", EVIL),
        ("run", hostile, "-m", mapping, "--again", "--on-finish", f"./{EVIL}", *FAST),
        ("purge", "--older-than", EVIL),
        (EVIL,),
    ):
        ended = importer(*arguments)
        assert_safe(ended)
        assert ended.out or ended.err
    results = importer.results(importer.latest())
    assert {row["status"] for row in results} == {"invalid", "rejected"}, "the server was asked"


def test_json_on_stdout_is_safe_and_has_the_same_texts(importer: CommandLine, hostile: Path, refusing: str) -> None:
    mapping = f"{EVIL}.yaml"
    for arguments in (
        ("check", hostile, "-m", mapping),
        ("run", hostile, "-m", mapping, *FAST),
        ("report", "latest"),
        ("init", hostile, "-o", f"out{EVIL}.yaml"),
        ("check", f"nowhere{EVIL}", "-m", mapping),
    ):
        ended = importer(*arguments, "--json")
        assert_safe(ended)
        assert any(EVIL in text for text in texts(ended.document))


def test_the_page_and_the_log_are_safe_too(importer: CommandLine, hostile: Path, refusing: str) -> None:
    importer("run", hostile, "-m", f"{EVIL}.yaml", *FAST)
    for name in ("report.html", "importer.log"):
        text = (importer.latest() / name).read_text(encoding="utf-8")
        assert dangers(text, "\n\t") == set()
        assert text


def test_names_of_sheets_are_shown_as_characters(importer: CommandLine) -> None:
    book = openpyxl.Workbook()
    book.active.title = "a\u202eb\u200b"
    book.create_sheet("other\u202e")
    for row in (["ID", "Name", "Phone"], ["1", "Asha", "+919876500001"]):
        book.active.append(row)
    book.save(importer.folder / "list.xlsx")
    importer.mapping(MAPPING.replace("assign: {user_email: Owner, when_blank: skip}\n", ""))
    for arguments in (("-v",), ("--sheet", "nowhere"), ("--sheet", "other\u202e")):
        assert_safe(importer("check", "list.xlsx", "-m", "m.yaml", *arguments))


def test_what_libraries_say_by_themselves_is_shown_as_characters(importer: CommandLine) -> None:
    assert main(["runs"]) == 0
    err = StringIO()
    with redirect_stderr(err), warnings.catch_warnings():
        warnings.simplefilter("always")
        main(["runs"])
        warnings.warn(f"Cell A1 {EVIL}", UserWarning, stacklevel=1)
        logging.lastResort.handle(logging.LogRecord("asyncio", logging.ERROR, "x.py", 1, "failed: %s", (EVIL,), None))
    assert "warning: UserWarning: Cell A1" in err.getvalue()
    assert "failed: " in err.getvalue()
    assert dangers(err.getvalue()) == set()


def test_a_defect_shows_its_values_only_when_asked_and_as_characters(
    importer: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError(f"Asha {EVIL}")

    monkeypatch.setattr(Service, "check", broken)
    importer.mapping()
    importer.table([])
    for flags, shown in (((), False), (("-v",), True)):
        err = StringIO()
        with redirect_stderr(err):
            assert main(["check", "list.csv", "-m", "m.yaml", *flags]) == 70
        assert ("Asha" in err.getvalue()) is shown
        assert dangers(err.getvalue()) == set()


def test_a_question_is_shown_as_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    err = StringIO()
    err.isatty = lambda: True  # type: ignore[method-assign]
    answers = StringIO("n\n")
    answers.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr("sys.stdin", answers)
    with redirect_stderr(err):
        assert Console().ask(f"Send to {EVIL}?") is False
    assert dangers(err.getvalue(), "\n\x1b") == set()

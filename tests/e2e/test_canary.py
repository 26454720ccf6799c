"""Every command, every kind of failure, a server that repeats the key in every way: it is found nowhere (T25).

That nothing is left in a file or printed is checked after every test of the suite (tests/conftest.py); this one goes
where the others do not, on purpose.
"""

import base64
import html
import json
import shutil
import signal
import sqlite3
import ssl
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pytest
import trustme
from openpyxl import Workbook

from importer.cli.program import importer as group
from tests.canary import found_in, leaks, spellings
from tests.cli.command_line import COLUMNS, FAST, KEY, MAPPING, ORG, CommandLine, Ended, leads
from tests.e2e.recording_server import Answer, Recorded, recording, reply

RUN = ("-m", "m.yaml", *FAST, "--no-canary", "--again")


@pytest.fixture
def ready(importer: CommandLine, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    importer.mapping(MAPPING)
    importer.table(leads(5))
    workbook = Workbook()
    for row in (COLUMNS, *leads(5, first=11)):
        workbook.active.append(list(row))
    workbook.save(importer.folder / "list.xlsx")
    for name, value in {"SALESCHAT_API_KEY": KEY, "SALESCHAT_ORG_ID": ORG, "COPY_OF_THE_KEY": f"x{KEY}"}.items():
        monkeypatch.setenv(name, value)
        importer.environment[name] = value
    script = importer.write("notify.sh", "#!/bin/sh\ncat > hook-stdin.json\nenv > hook-environment\n")
    script.chmod(0o700)
    return importer


def said(key: str) -> str:
    """The key as a server could repeat it, in one sentence."""
    encoded = [base64.b64encode(f"{before}{key}".encode()).decode() for before in ("", "K", "Ke", "Key")]
    return " and ".join([key, quote(key, safe=""), html.escape(key), repr(key.encode()), json.dumps(key), *encoded])


def spiteful(request: Recorded) -> bytes:
    """Repeats the key wherever an answer has room, and refuses, creates and throttles in turn."""
    key = request.headers["x-org-api-key"]
    text, headers = said(key), {"x_echo": key, "x_encoded": quote(key, safe="")}
    refusal = {"error_code": 4220001, "error_message": f"no {text}", "error_description": text}
    if request.method != "POST":
        return reply("422 Unprocessable", refusal, **headers)
    number = int(request.document["crm_id"][-1])
    if number % 2:
        return reply("422 Unprocessable", refusal, **headers)
    echoed = request.document["attributes"] | {"city": text}
    return reply("200 OK", {**request.document, "lead_id": f"id-{text}", "attributes": echoed}, **headers)


def escaped(request: Recorded) -> bytes:
    """A refusal in which each character of the key is written as JSON allows."""
    letters = "".join(f"\\u{ord(character):04X}" for character in request.headers["x-org-api-key"])
    body = f'{{"error_code": 4220002, "error_message": "{letters}"}}'.encode()
    return b"HTTP/1.1 422 No\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)


def unauthorized(request: Recorded) -> bytes:
    return reply("401 Unauthorized", {"error_code": 4010001, "error_message": said(request.headers["x-org-api-key"])})


def redirecting(request: Recorded) -> bytes:
    key = quote(request.headers["x-org-api-key"], safe="")
    return reply("307 Elsewhere", location=f"https://{key}.evil.example/{key}?key={key}")


def assert_no_leak(importer: CommandLine) -> None:
    """Nothing in any file, packed ones unpacked, nor in any value of the journal, on however many pages it stands."""
    assert leaks(importer.folder) == []
    copy = importer.folder / "copy.sqlite3"
    for suffix in ("", "-wal"):
        if (source := importer.reports / f"journal.sqlite3{suffix}").exists():
            shutil.copyfile(source, f"{copy}{suffix}")
    kept = list(kept_in(copy))
    assert kept
    assert [leak for value in kept if (leak := found_in(value))] == []


def kept_in(journal: Path) -> Iterator[bytes | str]:
    """Every value of every table; of columns that stand there compressed, also what is in them."""
    with closing(sqlite3.connect(journal)) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for value in chain.from_iterable(connection.execute(f'SELECT * FROM "{table}"')):
                yield value if isinstance(value, bytes) else str(value)
                if isinstance(value, bytes):
                    yield from in_columns(value)


def in_columns(value: bytes) -> Iterator[str]:
    try:
        table = pa.ipc.open_stream(value).read_all()
    except (pa.ArrowInvalid, OSError):  # the body of a request, or the hash of a contact
        return
    yield from map(str, chain(table.column_names, *(column.to_pylist() for column in table.columns)))


def test_no_command_shows_the_key_even_if_the_server_repeats_it(ready: CommandLine) -> None:
    called: set[str] = set()

    def call(code: int, *words: str) -> Ended:
        called.add(words[0])
        ended = ready(*words)
        assert ended.code == code, ended
        return ended

    call(0, "init", "list.csv", "-o", "proposed.yaml")
    call(0, "check", "list.xlsx", "-m", "m.yaml", "-v")
    with recording() as server:
        call(0, "doctor", "--base-url", server.base_url, "-v")
        call(0, "doctor", "--base-url", server.base_url, "--json")
        call(0, "run", "list.csv", *RUN, "--base-url", server.base_url, "-v", "--json")
        assert {request.headers["x-org-api-key"] for request in server.requests} == {KEY}
    for answer in (spiteful, escaped):
        with recording(answer) as server:
            call(1, "run", "list.xlsx", *RUN, "--base-url", server.base_url, "-v", "--on-finish", "./notify.sh")
            call(1, "resume", "latest", "--retry-failed", "--base-url", server.base_url, *FAST)
        assert "***" in (ready.latest() / "results.csv").read_text(encoding="utf-8-sig")
    assert "***" in (ready.folder / "hook-stdin.json").read_text() or ready.summary()["counts"]["rejected"]
    environment = (ready.folder / "hook-environment").read_text()
    assert "IMPORTER_RUN_ID" in environment
    assert "COPY_OF_THE_KEY" not in environment
    assert_no_leak(ready)
    call(0, "runs", "--json")
    call(0, "report", "latest", "--json", "-v")
    call(2, "resolve", "no-such-run", "--as", "ours")
    assert_no_leak(ready)
    call(0, "purge", "--older-than", "0d")
    without_a_key = {"sandbox", "template"}
    assert called | without_a_key == group.commands.keys(), "a sandbox makes its own key, a template has no server"


@pytest.mark.parametrize(("answer", "reason"), [(unauthorized, "credential"), (redirecting, "redirects")])
def test_no_refusal_of_the_whole_run_shows_it(ready: CommandLine, answer: Answer, reason: str) -> None:
    with recording(answer) as server:
        for words in (("run", "list.xlsx", *RUN), ("resume", *FAST)):
            ended = ready(*words, "--base-url", server.base_url, "-v", "--on-finish", "./notify.sh")
            assert ended.code == 3, ended
            assert reason in ready.summary()["reason"]
            assert "***" in ready.summary()["reason"]
    assert_no_leak(ready)


def test_no_server_without_a_certificate_gets_or_shows_it(ready: CommandLine) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with recording(tls=context) as server:
        there = ("--base-url", server.base_url.replace("http:", "https:"), "-v")
        ended = ready("run", "list.csv", *RUN, *there)
        assert (ended.code, server.requests) == (3, [])
        assert "certificate cannot be verified" in ready.summary()["reason"]
        assert "--ca-file" in ended.err + ended.out
        assert ready("doctor", *there).code == 2
        authority.cert_pem.write_to_path(ready.folder / "ca.pem")
        trusting = (*there, "--ca-file", "ca.pem")
        assert ready("doctor", *trusting).code == 0
        assert ready("resume", *trusting, *FAST).code == 0
        assert len(server.requests) == 15, "5 leads, each with an assignment and an event"
    ended = ready("run", "list.csv", *RUN, "--base-url", "https://127.0.0.1:9", "--ca-file", "m.yaml")
    assert (ended.code, "m.yaml" in ended.err) == (2, True)
    assert_no_leak(ready)


MALFORMED = (f"{KEY}\n", f"{KEY} {KEY}", f"\t{KEY}", f"{KEY}\r\nx-evil: 1", f"{KEY}é", KEY * 30)


@pytest.mark.parametrize(
    "words", [("run", "list.csv", *RUN, "-v"), ("doctor", "-v"), ("run", "list.csv", *RUN, "--json")]
)
def test_no_message_about_a_wrong_credential_shows_it(
    ready: CommandLine, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    where = ("--base-url", "http://127.0.0.1:9")
    for malformed in MALFORMED:
        for name in ("SALESCHAT_API_KEY", "SALESCHAT_TOKEN"):
            monkeypatch.setenv("SALESCHAT_API_KEY", "")
            monkeypatch.setenv(name, malformed * (30 if name == "SALESCHAT_TOKEN" and len(malformed) > 500 else 1))
            assert ready(*words, *where).code == 2
    monkeypatch.setenv("SALESCHAT_API_KEY", "")
    monkeypatch.setenv("SALESCHAT_TOKEN", "")
    file = ready.write("key", f"{KEY} {KEY}\n")
    for mode in (0o600, 0o644):
        file.chmod(mode)
        assert ready(*words, *where, "--api-key-file", "key").code == 2
    file.write_bytes(KEY.encode() + b"\xff")
    file.chmod(0o600)
    assert ready(*words, *where, "--api-key-file", "key").code == 2


@pytest.mark.parametrize("name", ["check", "run", "doctor", "runs"])
def test_no_password_in_an_address_is_shown_or_kept(
    ready: CommandLine, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALESCHAT_BASE_URL", f"https://somebody:{quote(KEY, safe='')}@crm.example")
    arguments = {"check": ("list.csv", "-m", "m.yaml"), "run": ("list.csv", *RUN)}.get(name, ())
    ended = ready(name, *arguments, "-v")
    assert ended.code == 2
    assert "user name" in ended.err
    assert leaks(ready.folder) == []


def test_a_settings_file_with_the_key_in_it_is_refused_without_showing_it(ready: CommandLine) -> None:
    for wrong in (
        f"api_key = {json.dumps(KEY)}",
        f"token = {json.dumps(KEY)}",
        f"org = [{json.dumps(KEY)}]",
        f"x {KEY}",
    ):
        settings = ready.write("importer.toml", wrong)
        ended = ready("run", "list.csv", *RUN, "-v", "--json")
        settings.unlink()
        assert ended.code == 2


def test_a_run_that_was_killed_leaves_it_neither_in_the_journal_nor_in_its_log(ready: CommandLine) -> None:
    def slow(request: Recorded) -> bytes:
        time.sleep(0.2)
        return spiteful(request)

    ready.table(leads(60))
    with recording(slow) as server:
        words = ("run", "list.csv", *RUN, "--concurrency", "2", "--base-url", server.base_url)
        process = ready.start(*words, "-v")
        while len(server.requests) < 12 and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert (ready.reports / "journal.sqlite3-wal").stat().st_size > 0
    assert_no_leak(ready)


def test_no_completion_shows_it(ready: CommandLine) -> None:
    for shell in ("bash", "zsh", "fish"):
        ready.environment |= {
            "COMP_WORDS": "importer run --",
            "COMP_CWORD": "2",
            "_IMPORTER_COMPLETE": f"{shell}_complete",
        }
        assert ready.process("run").out
        ready.environment["_IMPORTER_COMPLETE"] = f"{shell}_source"
        assert ready.process().out


@pytest.mark.parametrize("spelling", sorted(spellings()))
def test_the_search_finds_it_in_every_kind_of_file(spelling: bytes, tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(b"before" + spelling + b"after")
    with zipfile.ZipFile(tmp_path / "book.xlsx", "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("sheet.xml", b"<v>" + spelling * 3 + b"</v>")
    (tmp_path / "key").write_bytes(spelling)
    found = leaks(tmp_path)
    for path in tmp_path.iterdir():
        path.unlink()
    assert len(found) == 2
    assert found_in(spelling.decode())


@pytest.mark.parametrize("spelling", sorted(spellings()))
def test_the_search_finds_it_wherever_it_stands_in_a_journal(spelling: bytes, tmp_path: Path) -> None:
    """In a text, in bytes that are too long for one page, and in columns that are compressed."""
    long = spelling.join([b"x" * 3000] * 20)
    sink = pa.BufferOutputStream()
    table = pa.table({"cells": [long.decode()] * 50})
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as stream:
        stream.write_table(table)
    found = []
    for number, value in enumerate((spelling.decode(), long, sink.getvalue().to_pybytes())):
        with closing(sqlite3.connect(tmp_path / f"{number}.sqlite3")) as journal:
            journal.execute("CREATE TABLE kept (value)")
            journal.execute("INSERT INTO kept VALUES (?)", (value,))
            journal.commit()
        found.append(any(map(found_in, kept_in(tmp_path / f"{number}.sqlite3"))))
        (tmp_path / f"{number}.sqlite3").unlink()
    assert found == [True, True, True]

"""Lists that are piped in, packed, or somewhere on the web: `-`, named pipes, .gz, .zip, addresses."""

import gzip
import io
import json
import os
import shlex
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from importer.sandbox import Sandbox
from tests.cli.command_line import FAST, KEY, CommandLine, lead, leads

pytestmark = pytest.mark.slow  # whole runs, several for each test

Piped = Callable[[bytes], None]


@pytest.fixture(autouse=True)
def copies(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where copies are made, which is to be empty after each command."""
    folder = tmp_path_factory.mktemp("copies")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch) -> Piped:
    return lambda content: monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def packed(path: Path, name: str, content: bytes, *more: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
        for each in more:
            archive.writestr(each, "x")
    return path


def workbook(path: Path, rows: list[list[str]]) -> bytes:
    book = openpyxl.Workbook()
    for row in (["ID", "Name", "Phone", "City", "Owner", "Stage"], *rows):
        book.worksheets[0].append(row)
    book.save(path)
    return path.read_bytes()


@pytest.mark.parametrize("form", ["-", "list.csv.gz", "list.zip", "named pipe", "- of gzip"])
def test_a_list_is_the_same_in_every_form(importer: CommandLine, piped: Piped, copies: Path, form: str) -> None:
    importer.mapping()
    content = importer.table([*leads(3), lead(4, Phone="12")]).read_bytes()
    assert importer("check", "list.csv", "-m", "m.yaml").code == 1
    plain, expected = importer.summary(), importer.results()
    (importer.folder / "list.csv.gz").write_bytes(gzip.compress(content))
    packed(importer.folder / "list.zip", "out/list.csv", content, "__MACOSX/out/._list.csv", "out/.DS_Store")
    piped(gzip.compress(content) if "gzip" in form else content)
    name, reader = form.split()[0], -1
    if form == "named pipe":
        reader, writer = os.pipe()
        os.write(writer, content)
        os.close(writer)
        name = f"/dev/fd/{reader}"
    ended = importer("check", name, "-m", "m.yaml", "--run-name", "zz")
    assert ended.code == 1, ended.err
    (source,) = importer.summary()["sources"]
    assert source["path"] == ("(standard input)" if name == "-" else name)
    assert source["sha256"] == plain["sources"][0]["sha256"], "that of the content, however it is packed"
    assert [{**row, "source": ""} for row in importer.results()] == [{**row, "source": ""} for row in expected]
    assert not list(copies.iterdir())
    if reader >= 0:
        os.close(reader)


@pytest.mark.parametrize("name", ["weekly.zip", "weekly.xlsx.gz"])
def test_a_workbook_may_be_packed(importer: CommandLine, copies: Path, name: str) -> None:
    importer.mapping()
    content = workbook(importer.folder / "weekly.xlsx", [*leads(2), lead(3, Phone="12")])
    path = importer.folder / name
    packed(path, "weekly.xlsx", content) if name.endswith(".zip") else path.write_bytes(gzip.compress(content))
    ended = importer("check", name, "-m", "m.yaml")
    assert ended.code == 1, ended.err
    assert importer.statuses() == ["valid", "valid", "invalid"]
    assert importer.summary()["sources"][0]["format"] == "xlsx"
    assert ("“weekly.xlsx” was unpacked from this archive" in ended.err) == name.endswith(".zip")
    assert (importer.latest() / "rejects.xlsx").exists()
    assert not list(copies.iterdir())


def test_standard_input_of_a_process(importer: CommandLine) -> None:
    path = importer.table(leads(2))
    with path.open("rb") as file:
        ended = importer.finished(importer.start("check", "-", "--json", stdin=file))
    assert ended.code == 0
    assert ended.document["sources"][0]["path"] == "(standard input)"
    assert ended.document["mapping"]["proposed"]["command"] == "importer init - -o standard-input.mapping.yaml"


def test_the_mapping_of_a_piped_list_can_be_written(importer: CommandLine, piped: Piped, copies: Path) -> None:
    content = importer.table(leads(2)).read_bytes()
    piped(content)
    ended = importer("check", "-")
    assert ended.out.startswith("No mapping was given, so this one is proposed from standard input")
    assert "(pipe the list in again)" in ended.out
    piped(content)
    written = importer(*shlex.split(ended.out.splitlines()[-1])[1:])
    assert written.code == 0
    assert "importer check - -m standard-input.mapping.yaml" in written.out
    piped(content)
    assert importer("check", "-", "-m", "standard-input.mapping.yaml").code == 0
    assert not list(copies.iterdir())


def test_the_mapping_of_a_packed_list_has_the_name_of_the_list(importer: CommandLine) -> None:
    (importer.folder / "list.csv.gz").write_bytes(gzip.compress(importer.table(leads(2)).read_bytes()))
    assert "-o list.mapping.yaml" in importer("check", "list.csv.gz").out


# sending


def test_a_list_that_was_imported_is_known_in_every_form(importer: CommandLine, sandbox: Sandbox, piped: Piped) -> None:
    importer.mapping()
    content = importer.table(leads(2)).read_bytes()
    piped(content)
    assert importer("run", "-", "-m", "m.yaml", *FAST).code == 0
    run = importer.latest().name
    assert len(sandbox.state.leads) == 2
    (importer.folder / "list.csv.gz").write_bytes(gzip.compress(content))
    packed(importer.folder / "list.zip", "list.csv", content)
    for name in ("list.csv", "list.csv.gz", "list.zip", "-"):
        piped(content)
        ended = importer("run", name, "-m", "m.yaml", *FAST)
        assert ended.code == 2
        assert f"was already imported, by run {run}" in ended.error


def test_a_piped_run_is_resumed_from_its_journal(importer: CommandLine, piped: Piped, copies: Path) -> None:
    importer.mapping()
    piped(importer.table(leads(3)).read_bytes())
    with Sandbox(rate=0, api_key=KEY) as sandbox:
        importer.at(sandbox)
        os.environ["SALESCHAT_API_KEY"] = "another-key"
        assert importer("run", "-", "-m", "m.yaml", *FAST).code == 3
        assert not list(copies.iterdir())
        os.environ["SALESCHAT_API_KEY"] = KEY
        piped(b"")
        assert importer("resume", *FAST).code == 0
        assert importer.statuses() == ["created"] * 3


def test_a_piped_run_that_was_not_planned_has_to_be_started_again(
    importer: CommandLine, sandbox: Sandbox, piped: Piped
) -> None:
    importer.mapping()
    content = importer.table([*leads(1), lead(2, Phone="12")]).read_bytes()
    piped(content)
    ended = importer("run", "-", "-m", "m.yaml", *FAST, "--max-invalid", "0")
    assert ended.code == 2
    assert "Standard input cannot be read twice: pipe the list in again." in ended.out
    assert "Standard input cannot be read twice" in importer("resume", *FAST).err
    piped(content)
    ended = importer("resume", importer.latest().name, *FAST)
    assert ended.code == 2
    assert "was stopped before its list, which was piped in, had been read" in ended.error
    assert "importer run -" in ended.err
    assert not sandbox.state.leads


@pytest.mark.parametrize("changes", [False, True])
def test_only_a_packed_list_that_has_changed_is_said_to_have(
    importer: CommandLine, piped: Piped, sandbox: Sandbox, changes: bool
) -> None:
    importer.mapping()
    content = importer.table(leads(2)).read_bytes()
    path = importer.folder / "list.csv.gz"
    path.write_bytes(gzip.compress(content))
    os.environ["SALESCHAT_API_KEY"] = "another-key"
    assert importer("run", "list.csv.gz", "-m", "m.yaml", *FAST).code == 3
    os.environ["SALESCHAT_API_KEY"] = KEY
    path.write_bytes(b"" if changes else gzip.compress(content, 1))
    ended = importer("resume", *FAST)
    assert ended.code == 0
    assert ("list.csv.gz has changed since this run was planned" in ended.err) == changes


def test_corrected_rejects_may_be_piped_in(importer: CommandLine, sandbox: Sandbox, piped: Piped) -> None:
    importer.mapping()
    importer.table([*leads(2), lead(3, Name="", Phone="+6591234567")])
    assert importer("run", "list.csv", "-m", "m.yaml", *FAST).code == 1
    first = importer.latest()
    # The spreadsheet in which the name was filled in has taken the phone for a number.
    piped((first / "rejects.csv").read_bytes().replace(b",,+6591234567,", b",Asha,6591234567,"))
    assert importer("run", "-", "-m", "m.yaml", "--run-name", "x", *FAST).code == 0
    newest, _ = json.loads(importer("runs", "--json").out)
    assert newest["mends"] == first.name


# refusals


def encrypted(path: Path) -> None:
    packed(path, "list.csv", b"ID\n1\n")
    content = bytearray(path.read_bytes())
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + at] |= 1
    path.write_bytes(content)


def other_method(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("list.csv", "ID\n1\n")


def flipped(path: Path) -> None:
    packed(path, "list.csv", os.urandom(2000))
    content = bytearray(path.read_bytes())
    content[500] ^= 1
    path.write_bytes(content)


GZIPPED = gzip.compress(b"ID,Name,Phone\n" + os.urandom(500).hex().encode())

REFUSED: list[tuple[str, Callable[[Path], object], str, str]] = [
    ("a.zip", lambda file: packed(file, "a.csv", b"1", "b.csv"), "only one can be unpacked: a.csv, b.csv", "several"),
    ("a.zip", lambda path: packed(path, "a/", b""), "a zip archive without a file", "Pack the list again"),
    ("a.zip", encrypted, "password-protected", "Unpack it with its password"),
    ("a.zip", other_method, "packed by an unusual method", "Unpack it"),
    ("a.zip", flipped, "damaged or was cut off", "pack it again"),
    ("a.zip", lambda path: path.write_bytes(packed(path, "a.csv", b"1").read_bytes()[:-30]), "damaged", "again"),
    ("a.zip", lambda path: packed(path, "a.csv.gz", GZIPPED), "an archive within an archive", "Unpack it"),
    ("a.zip", lambda path: packed(path, "b.zip", packed(path, "a.csv", b"1").read_bytes()), "within an", "Unpack"),
    ("a.gz", lambda path: path.write_bytes(gzip.compress(GZIPPED)), "an archive within an archive", "Unpack it"),
    ("a.tgz", lambda path: path.write_bytes(gzip.compress(bytes(257) + b"ustar" + bytes(500))), "within", "Unpack it"),
    ("a.csv.gz", lambda path: path.write_bytes(GZIPPED[:-20]), "damaged or was cut off", "pack it again"),
    ("a.csv.gz", lambda path: path.write_bytes(GZIPPED[:-8] + b"12345678"), "damaged or was cut off", "pack it again"),
    ("a.csv.gz", lambda path: path.write_bytes(gzip.compress(b"")), "the file is empty (0 bytes)", "Export it again"),
    ("a.pdf.gz", lambda path: path.write_bytes(gzip.compress(b"%PDF-1.7")), "a PDF document", "save it as"),
    ("a.xlsx.gz", lambda path: path.write_bytes(gzip.compress(b"ID\n1\n")), "not a workbook", "If it is a CSV file"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "make", "message", "tip"), REFUSED, ids=[f"{each[0]} {each[2]}" for each in REFUSED])
def test_an_archive_that_is_no_list_is_refused_by_its_own_name(
    importer: CommandLine, copies: Path, name: str, make: Callable[[Path], object], message: str, tip: str
) -> None:
    make(importer.folder / name)
    for arguments in (("init", name), ("check", name, "-m", str(importer.mapping()))):
        ended = importer(*arguments)
        assert ended.code == 2, ended.err
        assert ended.error.startswith(f"{name}: ")
        assert message in ended.error
        assert tip in ended.err
        assert str(copies) not in ended.err
        assert not list(copies.iterdir())


def test_what_goes_wrong_far_below_is_said_of_the_file_that_was_given(importer: CommandLine, copies: Path) -> None:
    importer.mapping()
    content = importer.table(leads(3_000)).read_bytes() + b"x" * (9 << 20) + b"\n"
    (importer.folder / "list.csv.gz").write_bytes(gzip.compress(content))
    ended = importer("check", "list.csv.gz", "-m", "m.yaml")
    assert ended.code == 2
    assert "list.csv.gz: line 3002 holds more than" in ended.out
    assert str(copies) not in ended.out


@pytest.mark.parametrize("form", ["-", "list.csv.gz", "list.zip"])
@pytest.mark.parametrize(
    ("limit", "expected"), [("LARGEST_CONTENT", "more than the limit of"), ("LARGEST_RATIO", "times")]
)
def test_nothing_is_copied_past_the_limits(
    importer: CommandLine,
    piped: Piped,
    copies: Path,
    monkeypatch: pytest.MonkeyPatch,
    form: str,
    limit: str,
    expected: str,
) -> None:
    lowered = "LARGEST_CONTENT" if limit == "LARGEST_CONTENT" else "HARMLESS_CONTENT"
    monkeypatch.setattr(f"importer.reading.given_file.{lowered}", 2 << 20)
    content = b"ID,Name,Phone\n" + b"1" * (4 << 20)
    (importer.folder / "list.csv.gz").write_bytes(gzip.compress(content))
    packed(importer.folder / "list.zip", "list.csv", content)
    piped(gzip.compress(content) if limit == "LARGEST_RATIO" else content)
    ended = importer("check", form)
    assert ended.code == 2
    assert expected in ended.error
    assert not list(copies.iterdir())


def test_nothing_piped_in(importer: CommandLine, monkeypatch: pytest.MonkeyPatch, piped: Piped) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    ended = importer("check", "-")
    assert (ended.code, ended.error) == (2, "(standard input): nothing is piped in")
    assert "importer check - < LIST.csv" in ended.err
    piped(b"")
    assert importer("check", "-").error == "(standard input): the file is empty (0 bytes)"


@pytest.mark.parametrize("command", ["check", "run --sandbox", "init", ""])
@pytest.mark.parametrize(
    ("address", "shown", "get"),
    [
        ("https://x.example/a/list.csv", "https://x.example/a/list.csv", "curl -L -o list.csv https://x.example/a/list.csv"),
        ("HTTP://x.example/a'b", "HTTP://x.example/a'b", "curl -L -o LIST.xlsx 'HTTP://x.example/a'\"'\"'b'"),
        ("https://me:secret@x.example/l.csv?token=secret", "https://x.example/l.csv…", "curl -L -o l.csv ADDRESS"),
    ],
)  # fmt: skip
def test_an_address_is_not_fetched_and_its_secrets_are_not_repeated(
    importer: CommandLine, command: str, address: str, shown: str, get: str
) -> None:
    mapping = () if command in ("init", "") else ("-m", str(importer.mapping()))
    ended = importer(*command.split(), address, *mapping)
    assert ended.code == 2
    assert ended.error == f"{shown}: a web address; only files are read"
    assert get in ended.err
    assert "secret" not in ended.err


@pytest.mark.skipif(os.name != "posix", reason="modes of files are those of POSIX")
def test_copies_are_readable_by_their_owner_alone(tmp_path: Path, copies: Path) -> None:
    from importer.reading.given_file import GivenFiles

    given = GivenFiles(lambda: io.BytesIO(b"ID\n1\n"))
    path = given["-"].path
    assert path.read_bytes() == b"ID\n1\n"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert given["-"].path == path, "read once"
    given.close()
    assert not path.exists()
    given = GivenFiles(lambda: io.BytesIO(b"ID\n1\n"))
    assert given["-"].path.exists()
    del given
    assert not list(copies.iterdir()), "also where nobody has closed it"

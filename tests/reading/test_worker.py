"""The child that reads workbooks: behind limits, never outlives its purpose, and its death is one clear refusal."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from signal import Signals

import pytest

from importer.errors import SourceError
from importer.model.source import ReadOptions
from importer.reading.opening import open_tables
from importer.reading.worker import client
from importer.reading.worker.client import open_workbook
from importer.reading.worker.protocol import Limits, receive, send
from tests.reading.conftest import Seen, write_raw_workbook

pytestmark = pytest.mark.slow

MIB = 1 << 20
ROWS = 60_000

unix = pytest.mark.skipif(os.name != "posix", reason="there are no such limits")
linux = pytest.mark.skipif(sys.platform != "linux", reason="children are found by /proc")


@pytest.fixture(scope="module")
def dense(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workbook that keeps every limit of its size, and takes more than a second and 100 MiB to read."""
    cell = '<c r="{column}{row}" t="inlineStr"><is><r><t>{row:x}</t></r><r><t> of {column}</t></r></is></c>'
    rows = (
        f'<row r="{row}">{"".join(cell.format(row=row, column=column) for column in "ABCDEF")}</row>'
        for row in range(1, ROWS + 1)
    )
    return write_raw_workbook(tmp_path_factory.mktemp("dense") / "dense.xlsx", "".join(rows))


@pytest.fixture
def many_strings(raw_workbook: Callable[..., Path]) -> Path:
    """A workbook whose shared strings alone take more memory than a small limit allows."""
    strings = "".join(f"<si><t>{number:x}</t></si>" for number in range(900_000))
    row = '<row r="{0}"><c r="A{0}" t="s"><v>{1}</v></c><c r="B{0}" t="s"><v>2</v></c></row>'
    return raw_workbook(row.format(1, 899_999) + row.format(2, 3), strings=strings)


def rows_of(path: Path, limits: Limits | None = None) -> int:
    tables = open_workbook(path, ReadOptions(), frozenset(), limits=limits or Limits())
    return sum(len(batch.frame) for table in tables for batch in table.batches())


def children(of: int | None = None) -> set[int]:
    """The ids of the running children of a process of ours."""
    pid = of or os.getpid()
    try:
        lists = [task / "children" for task in Path(f"/proc/{pid}/task").iterdir()]
        return {int(child) for each in lists for child in each.read_text().split()}
    except FileNotFoundError:
        return set()


def refusal_of(path: Path, limits: Limits) -> str:
    with pytest.raises(SourceError) as refusal:
        rows_of(path, limits)
    assert str(path) in refusal.value.message
    assert "CSV UTF-8" in refusal.value.tip
    return refusal.value.message


@unix
def test_memory_is_limited(many_strings: Path) -> None:
    message = refusal_of(many_strings, Limits(memory=64 * MIB))
    assert message.endswith("reading the workbook takes more than 64 MiB of memory, which is the limit")


@unix
def test_computing_time_is_limited(dense: Path) -> None:
    message = refusal_of(dense, Limits(computing=1))
    assert message.endswith("reading the workbook takes more than 1 s of computing time, which is the limit")


def test_waiting_is_limited(many_strings: Path) -> None:
    message = refusal_of(many_strings, Limits(waiting=0.05))
    assert message.endswith("reading the workbook takes more than 0.05 s, which is the limit")


@linux
@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_the_death_of_the_child_is_a_refusal_and_never_a_short_read(dense: Path, blow: Signals) -> None:
    (table,) = open_tables(dense, ReadOptions())
    before = children()
    batches = table.batches()
    rows = len(next(batches).frame)
    (child,) = children() - before
    os.kill(child, blow)
    with pytest.raises(SourceError, match=rf"crashed \(signal {int(blow)}") as refusal:
        rows += sum(len(batch.frame) for batch in batches)
    assert str(dense) in refusal.value.message
    assert "save it as" in refusal.value.tip
    assert rows < ROWS - 1


def test_rows_that_get_lost_on_the_way_are_missed(
    raw_workbook: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = '<row r="{0}"><c r="A{0}" t="str"><v>id</v></c><c r="B{0}" t="str"><v>x</v></c></row>'
    rows = "".join(map(row.format, range(1, 2_102)))  # more than come with the first answer
    (table,) = open_tables(raw_workbook(rows), ReadOptions())
    silent = "import sys; sys.path[:] = {path!r}; from importer.reading.worker.protocol import send; "
    monkeypatch.setattr(client, "_START", silent + "send(sys.stdout.buffer, {{'end': 1}})")
    with pytest.raises(SourceError, match="0 of 1 rows arrived"):
        list(table.batches())


@linux
def test_a_child_is_ended_when_nobody_reads_on(dense: Path) -> None:
    before = children()
    batches = open_tables(dense, ReadOptions())[0].batches()
    next(batches)
    assert children() - before
    batches.close()  # type: ignore[attr-defined]
    assert children() == before


@linux
@pytest.mark.parametrize(("rows", "further"), [(1_999, 0), (2_001, 1)])
def test_no_second_child_is_started_for_a_small_table(
    raw_workbook: Callable[..., Path], rows: int, further: int
) -> None:
    row = '<row r="{0}"><c r="A{0}" t="inlineStr"><is><t>v{0}</t></is></c></row>'
    path = raw_workbook("".join(row.format(number) for number in range(1, rows + 2)))
    before = children()
    (table,) = open_tables(path, ReadOptions())
    batches = table.batches(500)
    first = next(batches)
    assert len(children() - before) == further
    assert len(first.frame) + sum(len(batch.frame) for batch in batches) == rows
    assert sum(len(batch.frame) for batch in table.batches()) == rows  # and again


@linux
def test_the_worker_gets_no_secret(dense: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALESCHAT_API_KEY", "canary-7f3a")
    before = children()
    batches = open_tables(dense, ReadOptions())[0].batches()
    next(batches)
    (child,) = children() - before
    assert b"canary" not in Path(f"/proc/{child}/environ").read_bytes()
    assert b"canary" not in Path(f"/proc/{child}/cmdline").read_bytes()
    batches.close()  # type: ignore[attr-defined]


READ_ALL = """
import sys
from pathlib import Path
from importer.model.source import ReadOptions
from importer.reading.opening import open_tables
for batch in open_tables(Path(sys.argv[1]), ReadOptions())[0].batches():
    print(len(batch.frame), flush=True)
"""


@linux
def test_ctrl_c_reaches_a_clean_end(dense: Path) -> None:
    # The signal goes to the whole group, as a terminal sends it.
    with subprocess.Popen(
        [sys.executable, "-c", READ_ALL, str(dense)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as reader:
        reader.stdout.readline()
        started = children(reader.pid)
        os.killpg(reader.pid, signal.SIGINT)
        _, complaints = reader.communicate(timeout=300)
    assert started
    assert complaints.strip().endswith("KeyboardInterrupt")
    assert complaints.count("Traceback") == 1  # the child says nothing
    assert not any(is_running(child) for child in started)


@linux
def test_a_child_does_not_outlive_a_killed_importer(dense: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", READ_ALL, str(dense)], stdout=subprocess.PIPE) as reader:
        reader.stdout.readline()
        started = children(reader.pid)
        reader.kill()
    assert started
    until = time.monotonic() + 300
    while any(is_running(child) for child in started) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(is_running(child) for child in started)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_the_child_imports_nothing_heavy() -> None:
    heavy = "{'pandas', 'numpy', 'pyarrow', 'pydantic', 'pandera', 'openpyxl', 'httpcore'}"
    code = f"import sys, importer.reading.worker.process; sys.exit(', '.join({heavy} & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_working_folder_does_not_matter(
    raw_workbook: Callable[..., Path],
    see_all: Callable[..., list[Seen]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = '<row r="{0}"><c r="A{0}" t="str"><v>id</v></c><c r="B{0}" t="str"><v>x</v></c></row>'
    path = raw_workbook(row.format(1) + row.format(2))
    (tmp_path / "json.py").write_text("raise SystemExit('a file beside the workbook was imported')")
    monkeypatch.chdir(tmp_path)
    assert len(see_all(Path(path.name))[0].rows) == 1


def test_a_message_arrives_whole_or_not_at_all() -> None:
    pipe = io.BytesIO()
    send(pipe, {"rows": 2}, [b"12345678", b"\n\n"])
    whole = pipe.getvalue()
    assert receive(io.BytesIO(whole)) == ({"rows": 2}, [b"12345678", b"\n\n"])
    for length in range(len(whole)):
        with pytest.raises(EOFError):
            receive(io.BytesIO(whole[:length]))

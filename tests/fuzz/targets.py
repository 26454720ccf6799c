"""What is fuzzed: four functions, each of which takes bytes and may only raise what is not the importer's own.

The first byte of the readers' input chooses what a person said about the file; the rest is the file.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from importer.crm.conflict_or_throttle import Meaning, fingerprint, meaning_of
from importer.crm.observation import Answer
from importer.crm.rate_limiter import LONGEST_WAIT
from importer.crm.responses import judge
from importer.crm.verdict import Action
from importer.errors import MappingError, SourceError
from importer.mapping import columns_of, load_mapping
from importer.model.operation import Call, Kind, Operation, RowId
from importer.model.source import ReadOptions
from importer.reading.csv.delimited import open_delimited
from importer.reading.file_kind import COMPOUND_FILE, head_of, refuse_foreign
from importer.reading.opening import is_corrected_rejects
from importer.reading.workbooks import opened

NOTHING_SAID = ReadOptions()
WANTED = frozenset({"ID", "Name", "Phone"})
CSV_OPTIONS: tuple[tuple[ReadOptions, frozenset[str]], ...] = (
    (NOTHING_SAID, frozenset()),
    (NOTHING_SAID, WANTED),
    (ReadOptions(encoding="cp1252", delimiter=";"), WANTED),
    (ReadOptions(encoding="utf-16"), frozenset()),
    (ReadOptions(encoding="shift_jis", header_row=2), frozenset()),
    (ReadOptions(delimiter="tab"), frozenset()),
    (ReadOptions(delimiter=" ", header_row=1), WANTED),
    (ReadOptions(encoding="utf-7"), frozenset()),
)
WORKBOOK_OPTIONS: tuple[tuple[ReadOptions, frozenset[str]], ...] = (
    (NOTHING_SAID, frozenset()),
    (NOTHING_SAID, WANTED),
    (ReadOptions(sheet="*"), WANTED),
    (ReadOptions(sheet="2"), frozenset()),
    (ReadOptions(sheet="leads", header_row=1), frozenset()),
    (ReadOptions(header_row=3), frozenset()),
)
MOST_BATCHES = 5
MOST_ROWS = 2_000
"""A sheet may honestly claim a million rows; so many show all the code that reads them."""

_SCRATCH = Path("/dev/shm" if Path("/dev/shm").is_dir() else tempfile.gettempdir()) / f"fuzzed-{os.getpid()}"


def read_csv(content: bytes) -> None:
    """The CSV reader, on whatever bytes."""
    options, wanted = CSV_OPTIONS[content[0] % len(CSV_OPTIONS)] if content else CSV_OPTIONS[0]
    path = _written(content[1:])
    is_corrected_rejects(path)
    with _speaking(path):
        refuse_foreign(path, head_of(path))
    with _speaking(path):
        for batch in itertools.islice(open_delimited(path, options, wanted).batches(50), MOST_BATCHES):
            assert not batch.frame.isna().any().any()


def read_workbook(content: bytes) -> None:
    """The workbook reader (XLSX, XLSM, ODS), in this process."""
    options, wanted = WORKBOOK_OPTIONS[content[0] % len(WORKBOOK_OPTIONS)] if content else WORKBOOK_OPTIONS[0]
    path = _written(content[1:])
    is_corrected_rejects(path)
    with _speaking(path):
        if head_of(path).startswith(COMPOUND_FILE):  # xlrd can take all the memory there is: for the child only
            return
        workbook = opened(path)
        for found in workbook.tables(options, wanted):
            pieces = workbook.rows_below(found)
            for record in itertools.islice((record for piece in pieces for record in piece.records()), MOST_ROWS):
                assert all(isinstance(cell, str) for cell in record.cells)


def read_mapping(content: bytes) -> None:
    """The mapping loader."""
    path = _written(content)
    try:
        loaded = load_mapping(path)
    except MappingError as refusal:
        assert refusal.mistakes
        lines = (
            content.count(b"\n") + content.count(b"\r") + content.count(b"\xc2\x85") + content.count(b"\xe2\x80") + 1
        )
        assert all(0 <= mistake.line <= lines for mistake in refusal.mistakes), refusal.message
    else:
        columns_of(loaded.mapping)


def read_refusal(content: bytes) -> None:
    """The 429 classifier and the verdict table, on an answer as it comes over the wire: head, blank line, body."""
    status, crm_id, headers, body = _answer_of(content)
    seen = Answer(status=status, headers=headers, body=body)
    learnt = fingerprint(Answer(status=429, headers=headers, body=body[::-1]), crm_id)
    for memory in (None, learnt):
        _check_meaning(seen, crm_id, meaning_of(seen, crm_id, memory), learnt=memory is not None)
    for kind, sent in _BODIES.items():
        call = Call(
            row=RowId(0, 2), ordinal=0, operation=Operation(kind=kind, key=crm_id, body=sent(crm_id)), crm_id=crm_id
        )
        verdict = judge(seen, call)
        assert verdict.wait is None or 0 <= verdict.wait <= LONGEST_WAIT
        assert verdict.pause is None or 0 <= verdict.pause <= LONGEST_WAIT
        assert verdict.action is not Action.ACCEPT or 200 <= status < 300
        json.dumps(verdict.message, ensure_ascii=False).encode()


TARGETS: dict[str, Callable[[bytes], None]] = {
    "csv": read_csv,
    "workbook": read_workbook,
    "mapping": read_mapping,
    "refusal": read_refusal,
}


def _lead(crm_id: str) -> bytes:
    return json.dumps({"crm_id": crm_id, "first_name": "A", "attributes": {"city": "Pune"}}).encode()


_BODIES: dict[Kind, Callable[[str], bytes]] = {
    Kind.CREATE: _lead,
    Kind.ASSIGN: lambda _: b'{"user_id": "u-1"}',
    Kind.EVENT: lambda _: b'{"event": "E"}',
}


def _written(content: bytes) -> Path:
    _SCRATCH.write_bytes(content)
    return _SCRATCH


@contextlib.contextmanager
def _speaking(path: Path) -> Iterator[None]:
    """A refusal names the file and says how to fix it; anything else that is raised is a finding."""
    try:
        yield
    except SourceError as refusal:
        assert str(path) in refusal.message, refusal.message
        assert refusal.tip, refusal.message


def _answer_of(content: bytes) -> tuple[int, str, dict[str, str], bytes]:
    head, _, body = content.partition(b"\n\n")
    first, *lines = head.decode("latin-1").split("\n")
    number, _, crm_id = first.partition(" ")
    status = int(number) if number.isascii() and number.isdecimal() and len(number) == 3 else 429
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    return status, crm_id.encode("latin-1").decode("utf-8", "replace"), headers, body


def _check_meaning(seen: Answer, crm_id: str, meaning: Meaning, *, learnt: bool) -> None:
    """A duplicate is never said without words that say so, and never beside a word of waiting."""
    if meaning is not Meaning.DUPLICATE:
        return
    assert "retry-after" not in seen.headers
    said = seen.error_text.casefold()
    assert learnt or "exist" in said or "duplicate" in said

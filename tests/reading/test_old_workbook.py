"""Old workbooks (.xls): damage is refused, and never a short read. (What cells show: the traps in every container.)"""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from importer.errors import SourceError
from importer.reading.compound import stream_of

MADE = Path(__file__).parent / "workbooks"


def written(tmp_path, content):
    path = tmp_path / "leads.xls"
    path.write_bytes(content)
    return path


def refused(see_all, path):
    with pytest.raises(SourceError, match=r"damaged|not a workbook|password") as refusal:
        see_all(path)
    assert str(path) in refusal.value.message
    assert refusal.value.tip


@pytest.mark.parametrize("name", ["traps.xls", "traps_sheetjs.xls"])
@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7, 0.8])
def test_a_truncated_workbook_is_refused_or_read_as_a_whole(tmp_path, see_all, name, share):
    """The last sectors of a file may hold nothing that counts."""
    content = (MADE / name).read_bytes()
    path = written(tmp_path, content[: int(len(content) * share)])
    try:
        (seen,) = see_all(path)
    except SourceError:
        refused(see_all, path)
    else:
        assert seen.rows == see_all(MADE / name)[0].rows


def test_a_chain_of_sectors_that_runs_in_a_circle_is_refused(tmp_path, see_all):
    content = bytearray((MADE / "traps.xls").read_bytes())
    (table,) = struct.unpack_from("<I", content, 76)
    begin = (table + 1) * 512
    content[begin : begin + 512] = struct.pack("<128I", *([0] * 128))
    refused(see_all, written(tmp_path, content))


def test_a_workbook_that_the_library_panics_at_is_damaged(tmp_path, see_all):
    """A sheet that begins far beyond the end of the stream."""
    content = (MADE / "traps.xls").read_bytes()
    sheet = struct.pack("<HH", 0x85, 14)
    at = content.index(sheet) + 4
    refused(see_all, written(tmp_path, content[:at] + b"\xff\xff\xff\x7f" + content[at + 4 :]))


def test_small_streams_are_found_too(tmp_path):
    """Streams below 4,096 bytes lie in sectors of 64 bytes, within the stream of the root."""
    content = (MADE / "traps_sheetjs.xls").read_bytes()
    stream = stream_of(content, ("Book", "WORKBOOK"))
    assert stream[:4] == struct.pack("<HH", 0x809, 16)
    assert 1_000 < len(stream) < 4_096


def test_a_stream_that_is_not_there_is_a_lookup_error():
    with pytest.raises(LookupError, match="Nothing"):
        stream_of((MADE / "traps.xls").read_bytes(), ("Nothing",))

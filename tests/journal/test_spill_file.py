"""Blocks in the spill file come back as they were, and leave no trace."""

import os
from contextlib import closing
from pathlib import Path

import pytest

from importer.errors import LocalDiskError
from importer.journal.spill_file import SpillFile


def test_blocks_come_back_as_they_were_in_any_order(tmp_path: Path) -> None:
    blocks = {(1, 0, first): bytes([first]) * first for first in (2, 7, 1, 0)}
    with closing(SpillFile(tmp_path)) as spill:
        for key, block in blocks.items():
            spill.put(key, memoryview(block))
        for key in (*reversed(blocks), *blocks):
            assert spill.get(key) == blocks[key]
        spill.put((2, 0, 2), memoryview(b"after reading"))
        assert spill.get((2, 0, 2)) == b"after reading"
        assert spill.get((1, 0, 7)) == bytes([7]) * 7


@pytest.mark.skipif(os.name == "nt", reason="there the file has a name until it is closed")
def test_nothing_has_a_name_in_the_folder(tmp_path: Path) -> None:
    with closing(SpillFile(tmp_path)) as spill:
        spill.put((1, 0, 2), memoryview(b"somebody's cells"))
        assert list(tmp_path.iterdir()) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [1_000, 1 << 20])
def test_a_full_disk_is_said_once(small_disk: Path, size: int) -> None:
    with closing(SpillFile(small_disk)) as spill, pytest.raises(LocalDiskError, match="cannot be used"):
        for number in range(1_000):
            spill.put((1, 0, number), memoryview(bytes(size)))

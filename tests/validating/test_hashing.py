"""Texts of a column have one hash exactly if they are equal, wherever they stand."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importer.model.texts import keys
from importer.model.whitespace import normalized_id
from importer.validating.hashing import Seen, hashes

TEXTS = st.lists(st.text(st.sampled_from("ab\0é"), max_size=20) | st.text(max_size=40), min_size=1, max_size=30)


def hashed(texts: list[str], words: int = 2) -> list[tuple[int, ...]]:
    return [tuple(words) for words in hashes(pa.array(texts, pa.large_string()), words).tolist()]


@settings(max_examples=300, deadline=None)
@given(TEXTS)
@pytest.mark.slow
def test_equal_texts_and_no_others_have_one_hash(texts: list[str]) -> None:
    found = hashed(texts)
    assert len(set(found)) == len(set(texts))
    assert dict(zip(texts, found, strict=True)) == {text: hashed([text])[0] for text in texts}


@pytest.mark.slow
def test_what_is_near_in_bytes_is_far_in_hash() -> None:
    texts = [
        *(f"L-{n:07d}" for n in range(50_000)),
        *("x" * n for n in range(1, 600)),
        *("\0" * n for n in range(1, 600)),
    ]
    for words in (1, 2):
        assert len(set(hashed(texts, words))) == len(texts)
    for word in range(2):
        low = {found[word] & 0xFFFF for found in hashed(texts)}
        assert len(low) > 30_000, "the mark of a cell is the end of its hash"


def test_a_slice_is_hashed_as_the_texts_that_it_holds() -> None:
    whole = pa.array(["a", "", "é" * 300, "last"], pa.large_string())
    assert hashes(whole.slice(1, 2)).tolist() == hashes(whole)[1:3].tolist()
    assert hashes(whole.slice(4)).shape == (0, 2)
    assert hashes(whole)[1].tolist() == [0, 0]


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_near_texts_are_near_ids(texts: list[str]) -> None:
    assert keys(pa.array(texts, pa.large_string()), normalized_id).to_pylist() == [
        normalized_id(text) for text in texts
    ]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=6), max_size=12))
def test_what_was_seen_before_is_repeated(batches: list[list[int]]) -> None:
    seen, before = Seen(), set()
    for batch in batches:
        expected = [text in before or text in batch[:at] for at, text in enumerate(batch)]
        assert seen.repeats(hashes(pa.array(batch, pa.large_string()))).tolist() == expected
        before |= set(batch)

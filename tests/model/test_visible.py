"""Nothing that is shown can move a cursor, hide, or turn the direction of text; and nothing is lost by that."""

import json
import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from importer.model.visible import LONGEST, visible, visible_json

DANGEROUS = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
texts = st.text(
    st.one_of(st.sampled_from("\x1b\x07\r\n\t\x00\x7f\x9b\u202e\u200b\u2028\ufeff\ud800a\\é"), st.characters())
)


def dangers(text: str) -> set[str]:
    return {character for character in text if unicodedata.category(character) in DANGEROUS}


@pytest.mark.slow
def test_every_dangerous_character_of_unicode_is_written_out() -> None:
    # Planes 4 to 13 hold no character, planes 15 and 16 private ones only: their ends stand for them.
    assigned = (*range(0x40010), *range(0xDFFF0, 0xF0010))
    everything = "".join(map(chr, (*assigned, *range(sys.maxunicode - 15, sys.maxunicode + 1))))
    assert dangers(visible(everything, longest=None)) == set()
    assert dangers(visible(everything, keep="\n", longest=None)) == {"\n"}
    assert dangers(visible_json(everything)) == {"\n"}


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("\x1b]8;;http://x.example\x07", "\\x1b]8;;http://x.example\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("a\u202egnp.exe", "a\\u202egnp.exe"),
        ("a\u2066b\u200bc\ufeffd", "a\\u2066b\\u200bc\\ufeffd"),
        ("\U000e0041", "\\U000e0041"),
        ("one\r\ntwo", "one\\x0d\\x0atwo"),
        ("\ud800", "\\ud800"),
        ("Zoë 東京 😀 नमस्ते", "Zoë 東京 😀 नमस्ते"),
    ],
)
def test_what_it_looks_like(text: str, seen: str) -> None:
    assert visible(text) == seen


@given(texts)
def test_any_text_is_safe_and_harmless_text_stays(text: str) -> None:
    seen = visible(text)
    assert dangers(seen) == set()
    assert seen == text or dangers(text)


@given(st.recursive(texts, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=5))
@example("\ud800\udc00")
def test_json_stays_the_same_document(document: object) -> None:
    """Two halves of a character side by side are one character for JSON (RFC 8259, section 7)."""
    safe = visible_json(json.dumps(document, ensure_ascii=False, indent=2))
    assert dangers(safe) <= {"\n"}
    assert json.loads(safe) == json.loads(json.dumps(document))


def test_a_message_has_an_end() -> None:
    assert len(visible("x" * 1_000_000)) == LONGEST
    assert len(visible("x" * 1_000_000, longest=None)) == 1_000_000

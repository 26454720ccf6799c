"""No cell of results.csv is a formula, and nothing is lost by that."""

import re
import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from importer.reporting.csv_columns import neutral

TRIGGERS = "=+-@\t\r\n|＝＋－＠｜﹢﹣﹦﹫"
E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
UNSEEN = " \u00a0\u3000\ufeff\u200b\u200d\u2060\u00ad\u202e\x00\x0b\x85"
texts = st.text(st.one_of(st.sampled_from("'" + TRIGGERS + UNSEEN + "aZ09"), st.characters()), max_size=12)


def first_seen(text: str) -> str:
    """The first character that a spreadsheet could act on, found without the rule's own pattern."""
    for character in text:
        if character in TRIGGERS:
            return character
        if not (character.isspace() or unicodedata.category(character) in {"Cc", "Cf"}):
            return character
    return ""


def restored(text: str) -> str:
    """Undo `neutral`."""
    return text[1:] if text.startswith("'") and neutral(text[1:]) == text else text


@given(texts)
@example("'=1")
@example("''=1")
@example("'+919876543210")
@example("\ufeff=1")
def test_no_cell_begins_with_a_trigger_and_each_can_be_restored(text: str) -> None:
    safe = neutral(text)
    assert first_seen(safe) not in set(TRIGGERS) or E164.fullmatch(safe) or not safe
    assert restored(safe) == text
    assert safe in {text, f"'{text}"}


@given(texts, texts)
def test_two_texts_never_become_one(one: str, other: str) -> None:
    assert (neutral(one) == neutral(other)) == (one == other)


@pytest.mark.parametrize("text", ["+919876543210", "+1202555", "O'Brien", "'t Hooft", "a=b", "", "Ärger", "1-2"])
def test_harmless_text_stays(text: str) -> None:
    assert neutral(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1-1",
        "-2",
        "@SUM(A1)",
        "|cmd",
        "\t=1",
        " =1",
        "\u200b=1",
        "＝1",
        "+91 98765",
        "+0123456789",
        "\rx",
        "+919876543210\n",
        "+٩١٩٨٧٦٥٤٣٢١٠",
    ],
)
def test_risky_text_gets_an_apostrophe(text: str) -> None:
    assert neutral(text) == f"'{text}"


def test_every_character_that_cannot_be_seen_is_looked_behind() -> None:
    unseen = [
        character
        for character in map(chr, range(sys.maxunicode + 1))
        if character.isspace() or unicodedata.category(character) in {"Cc", "Cf", "Zs", "Zl", "Zp"}
    ]
    assert len(unseen) > 200
    assert [hex(ord(character)) for character in unseen if not neutral(f"{character}=1").startswith("'")] == []

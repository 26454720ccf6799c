"""What cannot be seen, and which texts are the same."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.model.whitespace import (
    collapsed,
    find_column,
    normalized_id,
    text_key,
    with_plain_spaces,
    without_edges,
    without_unseen,
)

EVERY = [chr(point) for point in range(sys.maxunicode + 1) if not 0xD800 <= point < 0xE000]
SEEN_THOUGH_FORMAT = (
    "\u0600-\u0605 \u06dd \u070f \u0890-\u0891 \u08e2 \ufff9-\ufffb \U000110bd \U000110cd \U00013430-\U0001343f"
)
"""Signs of Unicode's category Cf that have a shape of their own."""

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
UNSEEN = (" ", "\t", "\u00a0", "\u202f", "\u3000", "\u00ad", "\u034f", "\u2061", "\u3164", "\ufeff", *BIDI)


def is_seen_format(character: str) -> bool:
    ranges = [(part[0], part[-1]) for part in SEEN_THOUGH_FORMAT.split()]
    return any(first <= character <= last for first, last in ranges) or 0xE0020 <= ord(character) <= 0xE007F


def test_every_space_and_every_invisible_format_character_of_unicode_is_taken_from_the_edges() -> None:
    taken = {character for character in EVERY if not without_edges(character)}
    assert {character for character in EVERY if character.isspace()} <= taken
    formats = {character for character in EVERY if unicodedata.category(character) == "Cf"}
    assert {character for character in formats if not is_seen_format(character)} <= taken
    others = {character for character in taken - formats if not character.isspace()}
    assert {unicodedata.category(character) for character in others} <= {"Lo", "Mn", "Cn"}
    assert len(others) == 17, "fillers, joiners of Khmer, and what Unicode keeps for more of them"


@pytest.mark.parametrize(
    "text", ["\u2764\ufe0f", "\U0001f3f4\U000e0067\U000e0062\U000e007f", "\u0e01\u0e33", "e\u0301"]
)
def test_what_changes_the_look_of_the_character_before_it_stays(text: str) -> None:
    assert without_edges(text) == text


@pytest.mark.parametrize("unseen", UNSEEN)
def test_one_rule_for_everything_that_cannot_be_seen(unseen: str) -> None:
    around = f"{unseen}Opt in{unseen}"
    assert without_edges(around) == "Opt in"
    assert text_key(around) == text_key(f"{unseen}opt{unseen} {unseen}IN") == "opt in"
    assert find_column("Opt in", [around, "Other"]) == around
    assert normalized_id(around) == normalized_id("OPT  IN")
    assert without_unseen(f"{around}\u00adx") == "Optinx"
    assert collapsed(f"{around} \n x") == "Opt in x"


@given(st.text(max_size=12), st.sampled_from(["NFC", "NFD"]), st.sampled_from(UNSEEN))
def test_a_key_is_the_same_in_every_form(text: str, form: str, unseen: str) -> None:
    written = f"{unseen}{unicodedata.normalize(form, text)}{unseen}"
    key = text_key(unicodedata.normalize("NFC", text))
    assert text_key(written) == key
    assert text_key(key) == key


@given(st.text(max_size=12))
def test_visible_ascii_is_never_changed(text: str) -> None:
    visible = "".join(character for character in text if "!" <= character <= "~")
    assert without_edges(visible) == without_unseen(visible) == with_plain_spaces(visible) == visible
    assert text_key(visible) == visible.lower()


@pytest.mark.parametrize(
    ("name", "columns", "found"),
    [
        ("Phone", ["Phone", "phone"], "Phone"),
        ("phone", ["Phone", "E-mail"], "Phone"),
        (" PHONE  number ", ["Phone Number"], "Phone Number"),
        ("phone", ["Phone", "PHONE"], None),
        ("Phone", ["Mobile"], None),
        ("Phone (2)", ["Phone", "Phone (2)"], "Phone (2)"),
        ("STRASSE", ["Straße"], "Straße"),
    ],
)
def test_a_column_is_found_exactly_or_else_if_only_one_is_meant(
    name: str, columns: list[str], found: str | None
) -> None:
    assert find_column(name, columns) == found


def test_a_key_ignores_case_and_spaces() -> None:
    assert text_key("  Opt  In\u00a0Date ") == text_key("opt in date")

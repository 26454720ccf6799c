"""Trimming, named transforms, and the parts of a name."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.mapping.values.converted import each_text, trimmed
from importer.mapping.values.transforms import TRANSFORMS, name_parts


def column(*texts: str) -> "pd.Series[str]":
    return pd.Series(texts, index=range(2, 2 + len(texts)), dtype="str")


def test_trimming_takes_everything_that_cannot_be_seen() -> None:
    series = column("\u00a0 Asha\ufeff", "\u200bB \t\r\n", "a  b", "\u3000", "")
    assert trimmed(series).tolist() == ["Asha", "B", "a  b", "", ""]
    assert series.tolist()[0] != "Asha", "the source stays as it is"
    assert trimmed(series).index.equals(series.index)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Asha Rao", "Asha", "Rao"),
        ("Asha  Devi   Rao", "Asha Devi", "Rao"),
        ("Rao, Asha", "Asha", "Rao"),
        ("van der Berg, Ludwig", "Ludwig", "van der Berg"),
        ("Ludwig van der Berg", "Ludwig", "van der Berg"),
        ("María de la Cruz", "María", "de la Cruz"),
        ("Van Morrison", "Van", "Morrison"),
        ("Lee Smith, Jr.", "Lee", "Smith, Jr."),
        ("Asha", "Asha", ""),
        ("Asha,", "Asha,", ""),
        ("", "", ""),
    ],
)
def test_parts_of_a_name(name: str, first: str, last: str) -> None:
    assert name_parts(column(name), "first").tolist() == [first]
    assert name_parts(column(name), "last").tolist() == [last]


@given(st.lists(st.sampled_from(["Asha", "van", "de", "Rao", "Lee", "y"]), max_size=6))
def test_no_word_of_a_name_is_lost(words: list[str]) -> None:
    series = column(" ".join(words))
    parts = f"{name_parts(series, 'first').iloc[0]} {name_parts(series, 'last').iloc[0]}"
    assert parts.split() == words


@pytest.mark.parametrize(
    ("name", "text", "want"),
    [
        ("lower", "ÉLAN", "élan"),
        ("upper", "straße", "STRASSE"),
        ("title", "o'brien McDonald JEAN-luc DON'T élan", "O'Brien McDonald Jean-Luc Don't Élan"),
        ("collapse_spaces", " a \u00a0\u200b b\n\nc ", "a b c"),
        ("remove_spaces", " a \u00a0 b ", "ab"),
        ("digits", "+91 (0) ९८-x7", "910987"),
        ("letters", "Ab-1é भारत", "Abéभारत"),
        ("strip_accents", "Müller Ñandú São", "Muller Nandu Sao"),
        ("nfc", "e\u0301", "é"),
        ("nfkc", "ＡＢＣ１２", "ABC12"),
    ],
)
def test_transforms(name: str, text: str, want: str) -> None:
    assert each_text(column(text, ""), TRANSFORMS[name]).tolist() == [want, ""]


def test_every_transform_is_tested() -> None:
    (mark,) = [mark for mark in test_transforms.pytestmark if mark.name == "parametrize"]  # type: ignore[attr-defined]
    assert {case[0] for case in mark.args[1]} == set(TRANSFORMS)


@given(st.lists(st.text(max_size=8) | st.text(st.characters(max_codepoint=127), max_size=8)))
def test_a_column_changes_its_letters_as_each_text_would(texts: list[str]) -> None:
    column = pd.Series(texts, dtype="str")
    assert each_text(column, TRANSFORMS["lower"]).tolist() == [text.lower() for text in texts]
    assert each_text(column, TRANSFORMS["upper"]).tolist() == [text.upper() for text in texts]

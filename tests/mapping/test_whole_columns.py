"""What is done with whole columns gives what would be done with one text after the other."""

from __future__ import annotations

import random
import sys
from datetime import UTC, datetime

import pandas as pd
import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importer.mapping.values.converted import Broken, each_text, trimmed
from importer.mapping.values.date_column import DateRule, dates
from importer.mapping.values.phone import phones, read_phone
from importer.model.texts import keys, large_texts
from importer.model.whitespace import normalized_id, text_key, without_edges
from tests.sizes import MANY

REGIONS = ("IN", "US", "GB", "DE", "FR", "BR")
FORMATS = ("%d/%m/%Y", "%d-%b-%Y %H:%M", "%Y-%m-%d", "%Y-%m-%d %H:%M:%S")
NO_DATES = ("", "soon", "31/02/2024", "2024-13-01", "2024-02-30", "２０２４-01-01", "2024-01-01 25:00:00")


def column(texts: list[str]) -> pd.Series[str]:
    return pd.Series(texts, index=range(2, len(texts) + 2), dtype="str")


@pytest.mark.slow
def test_every_character_is_trimmed_where_it_cannot_be_seen() -> None:
    characters = [chr(point) for point in range(sys.maxunicode + 1) if not 0xD800 <= point < 0xE000]
    for texts in (characters, [f"{character}a b{character}" for character in characters[:0x3100]]):
        assert trimmed(column(texts)).tolist() == [without_edges(text) for text in texts]


def test_a_part_of_a_column_is_trimmed() -> None:
    whole = column([" a", "b", "", "é ", "\u200bc", "d"])
    assert trimmed(whole.iloc[2:5]).to_dict() == {4: "", 5: "é", 6: "c"}
    assert trimmed(whole.iloc[:0]).empty


WRITTEN = st.text(st.sampled_from("aB ß\t\u00a0\u200b\u202aＡ\u0301é-"), max_size=6)


@settings(max_examples=300, deadline=None)
@given(st.lists(WRITTEN))
def test_keys_of_a_column_are_those_of_each_text(texts: list[str]) -> None:
    assert each_text(column(texts), text_key).tolist() == [text_key(text) for text in texts]
    assert keys(large_texts(column(texts)), normalized_id).to_pylist() == [normalized_id(text) for text in texts]


def phone_texts(count: int) -> tuple[list[str], list[str]]:
    rng = random.Random(5)
    texts, regions = [], []
    for _ in range(count):
        region = rng.choice(REGIONS)
        example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
        known = phonenumbers.national_significant_number(example)
        number = known[:4] + "".join(rng.choices("0123456789", k=len(known) - 4))
        forms = (
            f"+{example.country_code}{number}",
            number,
            f"0{number}",
            f"00{example.country_code} {number}",
            f"({number}",
        )
        text = rng.choice(forms)
        kind = rng.random()
        texts.append(text[: rng.randrange(len(text))] if kind < 0.01 else f" {text} x5" if kind < 0.015 else text)
        regions.append(region if kind < 0.99 else rng.choice(("", "nowhere")))
    return texts, regions


def phones_agree(count: int) -> None:
    texts, regions = phone_texts(count)
    got = phones(column(texts), None, column(regions))
    one_by_one = [
        read_phone(text.strip(), region) if text.strip() else "" for text, region in zip(texts, regions, strict=True)
    ]
    assert got.values.tolist() == ["" if isinstance(one, Broken) else one for one in one_by_one]
    broken = [(row, one.code, one.detail, one.fix) for row, one in enumerate(one_by_one, 2) if isinstance(one, Broken)]
    assert [(found.row, found.code, found.detail, found.fix) for found in got.findings] == broken


def test_phones_of_a_column_are_read_as_one_by_one() -> None:
    phones_agree(4_000)


@pytest.mark.slow
def test_many_phones_are_read_as_one_by_one() -> None:
    phones_agree(MANY)


def strictly(text: str) -> str:
    for name in FORMATS:
        try:
            return str(int(datetime.strptime(text, name).replace(tzinfo=UTC).timestamp()))
        except ValueError:
            continue
    return ""


def dates_agree(count: int) -> None:
    rng = random.Random(6)
    moments = (datetime.fromtimestamp(rng.randrange(1_800_000_000), UTC) for _ in range(count))
    texts = [rng.choice(NO_DATES) if rng.random() < 0.02 else at.strftime(rng.choice(FORMATS)) for at in moments]
    got = dates(column(texts), DateRule(formats=FORMATS[:2], unit="s"))
    wanted = [strictly(text) if text.isascii() else "" for text in texts]
    assert got.values.tolist() == wanted
    assert [found.row for found in got.findings] == [
        row for row, (text, one) in enumerate(zip(texts, wanted, strict=True), 2) if text and not one
    ]


def test_dates_of_a_column_are_read_as_one_by_one() -> None:
    dates_agree(4_000)


@pytest.mark.slow
def test_many_dates_are_read_as_one_by_one() -> None:
    dates_agree(MANY)

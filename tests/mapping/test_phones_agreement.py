"""Phones agree with libphonenumber on whatever is not damage done by a spreadsheet."""

import random

import pandas as pd
import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from importer.mapping import numbering
from importer.mapping.phone import read_phone
from importer.mapping.phones import phones

REGIONS = "IN US GB DE FR IT ES BR MX AR NG ZA AU JP CN RU AE ID SG KZ CA CH".split()
TYPES = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE, PhoneNumberType.TOLL_FREE)


def expected(text: str, region: str) -> str:
    try:
        number = phonenumbers.parse(text.strip(), region or None)
    except NumberParseException:
        return ""
    valid = phonenumbers.is_valid_number(number)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164) if valid else ""


def digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choice("0123456789") for _ in range(count))


def subscriber(rng: random.Random, example: str) -> str:
    """A number that begins as the example does: valid, or with digits missing, too many or all wrong."""
    kept = rng.randint(1, 4)
    number = example[:kept] + digits(rng, len(example) - kept)
    broken = rng.random()
    if broken < 0.08:
        return number[: -rng.randint(1, 4)]
    if broken < 0.16:
        return number + digits(rng, rng.randint(1, 3))
    return digits(rng, rng.randint(4, 13)) if broken < 0.2 else number


def written(rng: random.Random, region: str, code: int, number: str) -> str:
    trunk = phonenumbers.ndd_prefix_for_region(region, True) or ""
    forms = [
        f"+{code}{number}",
        number,
        f"{trunk}{number}",
        f"{code}{number}",
        f"00{code}{number}",
        f"011{code}{number}",
        f"+{code}(0){number}",
        f"+{code} {number}",
        f"+{code}{trunk}{number}",
        f"({number[:3]}) {number[3:]}",
        f"+{code}-{number[:2]}.{number[2:5]}-{number[5:]}",
        f"(+{code}) {number}",
        f"tel:+{code}{number}",
        f"'+{code}{number}",
        f"{number[:3]}/{number[3:]}",
        f"0{number}",
        f"++{code}{number}",
        f"+{number}",
        f"Tel. {number}",
        f"{number[:4]} - {number[4:]} ",
    ]
    return rng.choice(forms)


def generated(count: int, seed: int) -> tuple["pd.Series[str]", "pd.Series[str]"]:
    rng = random.Random(seed)
    examples = [(region, phonenumbers.example_number_for_type(region, kind)) for region in REGIONS for kind in TYPES]
    known = [(region, number) for region, number in examples if number]
    texts, regions = [], []
    for _ in range(count):
        region, example = rng.choice(known)
        number = subscriber(rng, phonenumbers.national_significant_number(example))
        texts.append(written(rng, region, example.country_code, number))
        regions.append(region if rng.random() < 0.9 else rng.choice([*REGIONS, ""]))
    index = range(2, count + 2)
    return pd.Series(texts, index=index, dtype="str"), pd.Series(regions, index=index, dtype="str")


def disagreements(count: int, seed: int) -> list[tuple[str, str, str, str]]:
    texts, regions = generated(count, seed)
    got = phones(texts, None, regions).values
    wanted = [expected(text, region) for text, region in zip(texts, regions, strict=True)]
    assert 0.3 < sum(map(bool, wanted)) / count < 0.7, "both valid and broken numbers are tried"
    rows = zip(texts, regions, got, wanted, strict=True)
    return [row for row in rows if row[2] != row[3]]


def test_agrees_on_20_000_numbers_of_22_regions() -> None:
    assert not disagreements(20_000, seed=1)


@pytest.mark.slow
def test_agrees_on_200_000_numbers_of_22_regions() -> None:
    assert not disagreements(200_000, seed=2)


def test_agrees_on_one_region_for_the_whole_column() -> None:
    texts, _ = generated(3_000, seed=3)
    for region in ("US", "IN", "KZ"):
        got = phones(texts, region, None).values
        assert got.tolist() == [expected(text, region) for text in texts]


def test_most_valid_numbers_never_reach_the_slow_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = pd.Series([f"+9198765{n:05d}" for n in range(500)] + [f"098765{n:05d}" for n in range(500)], dtype="str")
    slow: list[str] = []

    def counted(text: str, region: str) -> object:
        slow.append(text)
        return read_phone(text, region)

    monkeypatch.setattr("importer.mapping.phones.read_phone", counted)
    assert (phones(texts, "IN", None).values != "").all()
    assert not slow


def test_every_plan_of_the_metadata_compiles() -> None:
    example = phonenumbers.example_number
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        number = example(region)
        text = f"+{number.country_code}{phonenumbers.national_significant_number(number)}"
        column = pd.Series([text] * numbering.WORTHWHILE, dtype="str")
        assert set(phones(column, None, None).values) == {expected(text, "")}, region


ALPHABET = "0123456789+-() ./x#"


@settings(max_examples=300, deadline=None)
@given(st.text(ALPHABET, min_size=1, max_size=20), st.sampled_from(REGIONS))
def test_never_accepts_what_libphonenumber_refuses(text: str, region: str) -> None:
    got = phones(pd.Series([text], dtype="str"), region, None)
    assert got.values.iloc[0] in {"", expected(text, region), expected(text.rstrip("0").rstrip("."), region)}
    assert bool(got.values.iloc[0]) != bool(got.findings) or not text.strip()

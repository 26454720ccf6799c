"""Phones agree with libphonenumber on whatever is not damage done by a spreadsheet."""

import random

import numpy as np
import pandas as pd
import phonenumbers
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from importer import accelerators
from importer.mapping.values import numbering
from importer.mapping.values.phone import phones, read_phone
from importer.model.texts import TEXT
from tests.sizes import MANY

CODES = "IN US GB DE FR IT ES BR MX AR NG ZA AU JP CN RU AE ID SG KZ CA CH"
REGIONS = CODES.split()
TYPES = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE, PhoneNumberType.TOLL_FREE)


@pytest.fixture(autouse=True)
def accelerated(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests compare the accelerator with the exact way, so it is on, whatever the suite runs with."""
    monkeypatch.delenv(accelerators.EXACT, raising=False)


def expected(text: str, region: str) -> str:
    try:
        number = phonenumbers.parse(text.strip(), region or None)
    except NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(number) or another_with_a_plus(text, number):
        return ""
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def another_with_a_plus(text: str, number: phonenumbers.PhoneNumber) -> bool:
    """Whether the digits, with a plus in front, are another number of the same country."""
    if "+" in text:
        return False
    try:
        other = phonenumbers.parse(f"+{phonenumbers.normalize_digits_only(text)}")
    except NumberParseException:
        return False
    is_other = other.country_code == number.country_code and other.national_number != number.national_number
    return is_other and phonenumbers.is_valid_number(other)


def plain_e164(texts: list[str], region: str) -> list[str | None]:
    rows = np.zeros(len(texts), dtype=np.intp)
    return numbering.e164_by_column(pa.array(texts, TEXT), [region], rows).to_pylist()


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


@pytest.mark.slow
def test_agrees_on_numbers_of_22_regions() -> None:
    assert not disagreements(MANY, seed=2)


@pytest.mark.slow
def test_agrees_on_one_region_for_the_whole_column() -> None:
    texts, _ = generated(3_000, seed=3)
    for region in ("US", "IN", "KZ"):
        got = phones(texts, region, None).values
        assert got.tolist() == [expected(text, region) for text in texts]


def test_plain_numbers_need_no_slow_reading() -> None:
    written = ("+91 98765 {:05d}", "98765{:05d}", "098765{:05d}", "9198765{:05d}", "0091-98765-{:05d}")
    texts = [form.format(n) for form in written for n in range(100)]
    assert plain_e164(texts, "IN").count(None) == 0


def bare_digits(rng: random.Random, region: str, count: int) -> list[str]:
    """Digits that begin like numbers of a region, like dialling abroad, or like its country code without a plus."""
    kinds = vars(PhoneNumberType).values()
    known = [phonenumbers.example_number_for_type(region, kind) for kind in kinds if isinstance(kind, int)]
    examples = [phonenumbers.national_significant_number(number) for number in known if number]
    code = str(phonenumbers.country_code_for_region(region))
    before = (
        "",
        "",
        "0",
        "1",
        "8",
        code,
        f"{code}0",
        f"{code}{code}",
        f"00{code}",
        f"011{code}",
        f"+{code}",
        f"+{code}0",
    )
    texts = []
    for _ in range(count):
        example = rng.choice(examples)
        kept = rng.randint(0, len(example))
        extra = rng.choice((0, 0, 0, 1, -1, 2))
        texts.append(rng.choice(before) + example[:kept] + digits(rng, max(0, len(example) - kept + extra)))
    return texts


def plain_disagreements(regions: list[str], count: int) -> list[tuple[str, str, str]]:
    rng = random.Random(4)
    wrong = []
    for region in regions:
        texts = bare_digits(rng, region, count)
        got = plain_e164(texts, region)
        wrong += [(region, text, e164) for text, e164 in zip(texts, got, strict=True) if e164]
    return [row for row in wrong if row[2] != expected(row[1], row[0])]


def test_what_is_read_fast_is_right_in_regions_with_unusual_plans() -> None:
    assert not plain_disagreements(["AG", "AR", "BR", "BY", "GG", "IL", "KZ", "MX", "SM", "UZ"], 1_500)


@pytest.mark.slow
def test_what_is_read_fast_is_right_in_every_region() -> None:
    assert not plain_disagreements(sorted(phonenumbers.SUPPORTED_REGIONS), MANY // 50)


@pytest.mark.slow
def test_every_plan_of_the_metadata_compiles() -> None:
    example = phonenumbers.example_number
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        number = example(region)
        text = f"+{number.country_code}{phonenumbers.national_significant_number(number)}"
        column = pd.Series([text] * numbering.WORTHWHILE, dtype="str")
        assert set(phones(column, None, None).values) == {expected(text, "")}, region


ALPHABET = "0123456789+-() ./x#"


def slashed(rng: random.Random, region: str) -> str:
    """A number with a slash somewhere in it, or two of them with a slash between; some are broken."""
    code, trunk = phonenumbers.country_code_for_region(region), phonenumbers.ndd_prefix_for_region(region, True) or ""
    examples = [phonenumbers.example_number_for_type(region, kind) for kind in TYPES]

    def one() -> str:
        example = phonenumbers.national_significant_number(rng.choice([each for each in examples if each]))
        kept = rng.randint(1, len(example))
        before = rng.choice((trunk, trunk, trunk, "", f"+{code} ", f"00{code}", f"{code}"))
        return before + example[:kept] + digits(rng, len(example) - kept)

    number = one()
    at = rng.randint(1, len(number))
    return rng.choice((f"{number[:at]}/{number[at:]}", f"{number[:at]} / {number[at:]}", f"{one()}/{one()}"))


@pytest.mark.slow
def test_a_slash_within_a_number_and_one_between_two_are_distinguished_as_one_by_one() -> None:
    rng = random.Random(5)
    for region in REGIONS:
        texts = [slashed(rng, region) for _ in range(400)]
        column = phones(pd.Series(texts, dtype="str"), region, None)
        singly = [read_phone(text, region) for text in texts]
        assert column.values.tolist() == [each if isinstance(each, str) else "" for each in singly]
        assert {finding.code for finding in column.findings} >= {"phone-several", "phone-invalid"}


def test_a_slash_within_a_national_number_needs_no_slow_reading() -> None:
    texts = [f"0151/2{n:07d}" for n in range(100)] + [f"030 / 2{n:06d}" for n in range(100)]
    assert plain_e164(texts, "DE").count(None) == 0


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.text(ALPHABET, min_size=1, max_size=20), st.sampled_from(REGIONS))
def test_never_accepts_what_libphonenumber_refuses(text: str, region: str) -> None:
    got = phones(pd.Series([text], dtype="str"), region, None)
    assert got.values.iloc[0] in {"", expected(text, region), expected(text.rstrip("0").rstrip("."), region)}
    assert bool(got.values.iloc[0]) != bool(got.findings) or not text.strip()

"""Whatever stands in what comes from outside, each reader answers or refuses in the importer's own words."""

from __future__ import annotations

import contextlib
import json
import random
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.crm.address import checked_base_url, is_loopback
from importer.crm.credential import Credential, CredentialKind
from importer.errors import SettingsError, SourceError
from importer.mapping.values.converted import Broken, converted_by_value, each_text, trimmed
from importer.mapping.values.date_column import DateRule, dates
from importer.mapping.values.date_formats import format_mistake, read_moments
from importer.mapping.values.date_hints import fitting_formats, why_not_understood
from importer.mapping.values.number_parsing import read_integer, read_number
from importer.mapping.values.phone import phones
from importer.mapping.values.phone_regions import region_code
from importer.mapping.values.transforms import TRANSFORMS, name_parts
from importer.mapping.values.typed_values import READERS, map_reader, read_list
from importer.profiling.columns.mojibake import unscrambled
from importer.reading.cell_text import text_of
from importer.reading.csv.delimited import find_delimiter
from importer.reading.header import find_header
from importer.reading.number_formats import number_format
from importer.reading.record import Record
from importer.runs.settings import load_settings
from importer.sandbox import load_faults
from importer.sandbox.contract import Contract, InvalidBodyError
from importer.sandbox.endpoints import Endpoint, find_address
from tests.fuzz.mutators import change_bytes, change_workbook
from tests.fuzz.profiles import CELLS_OF_A_COLUMN, fuzzed, fuzzed_by_column
from tests.fuzz.seeds import seeds
from tests.fuzz.targets import TARGETS

if TYPE_CHECKING:
    from pathlib import Path

RANDOMS = st.integers(0, 2**64).map(random.Random)
WORDS = st.sampled_from(
    ("", " ", "\u00a0", "0", "-0", "1", "1e5", "1,234", "+", "true", "NaN", "%d/%m/%Y", "IN", "+91", "\x00",
     "98765 43210")
)  # fmt: skip
TEXTS = WORDS | st.text(max_size=20) | st.text("0123456789+-.,eE'/: ()xX%TZ", max_size=25)
CELLS = st.lists(TEXTS, min_size=CELLS_OF_A_COLUMN, max_size=CELLS_OF_A_COLUMN)
COLUMNS = CELLS.map(lambda texts: pd.Series(texts, index=range(2, len(texts) + 2), dtype="str"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(TEXTS, below, max_size=3),
    max_leaves=6,
)


# the four targets of the coverage-guided fuzzer


@pytest.mark.parametrize("target", TARGETS)
def test_every_seed_is_read_or_refused(target: str) -> None:
    for seed in seeds(target):
        TARGETS[target](seed)


@pytest.fixture(scope="module")
def begun() -> dict[str, list[bytes]]:
    return {target: list(seeds(target)) for target in TARGETS}


@pytest.mark.parametrize("target", ["csv", "mapping", "refusal"])
@fuzzed
@given(rng=RANDOMS)
def test_changed_bytes(begun: dict[str, list[bytes]], target: str, rng: random.Random) -> None:
    TARGETS[target](change_bytes(rng.choice(begun[target]), 1 << 16, rng))


@fuzzed
@given(rng=RANDOMS)
def test_changed_workbooks(begun: dict[str, list[bytes]], rng: random.Random) -> None:
    book = rng.choice(begun["workbook"])
    for _ in range(rng.choice((1, 1, 2, 4))):
        book = change_workbook(book, 1 << 16, rng, lambda content, most: change_bytes(content, most, rng))
    TARGETS["workbook"](book)


@pytest.mark.parametrize("target", TARGETS)
@fuzzed
@given(content=st.binary(max_size=200) | st.text(max_size=80).map(lambda text: b"\0" + text.encode("utf-8", "replace")))
def test_any_bytes(target: str, content: bytes) -> None:
    TARGETS[target](content)


# reading


@fuzzed
@given(rows=st.lists(st.lists(TEXTS, min_size=1, max_size=4), max_size=5), wanted=st.frozensets(TEXTS, max_size=3))
def test_headers(rows: list[list[str]], wanted: frozenset[str]) -> None:
    sample = [Record(number, number, cells) for number, cells in enumerate(rows, start=1)]
    with contextlib.suppress(SourceError):
        header = find_header(sample, wanted, None, "x.csv")
        assert len(set(header.columns)) == len(header.columns) == len(header.positions)


@fuzzed
@given(lines=st.lists(st.text('ab,;\t|"\r\n =sep:', max_size=15), max_size=5), given_=st.none() | st.text(max_size=3))
def test_delimiters(lines: list[str], given_: str | None) -> None:
    with contextlib.suppress(SourceError):
        assert len(find_delimiter(lines, given_, frozenset({"a"}), "x.csv").character) == 1


@fuzzed
@given(code=st.text('0#?+()-/. ";\\[]_*,@E%ab<>=1', max_size=12), number=st.integers(-(10**15), 10**15))
def test_a_number_format_keeps_every_digit(code: str, number: int) -> None:
    reading = number_format(code).read(number)
    if not reading.problem and set(code) & set("0#?") and not set(code) & set('1"\\[;'):
        digits = "".join(sign for sign in reading.text if sign.isdecimal())
        assert digits.endswith(str(abs(number))) or number == 0
    number_format(code).read_text("a")


@fuzzed
@given(
    st.floats() | st.integers() | st.booleans() | st.dates() | st.datetimes() | st.times() | st.timedeltas() | TEXTS
)  # fmt: skip
def test_cells(cell: float | bool | date | datetime | time | timedelta | str) -> None:
    assert isinstance(text_of(cell), str)


# mapping


@fuzzed_by_column
@given(column=COLUMNS)
def test_text_transforms(column: pd.Series[str]) -> None:
    for changed in (*(each_text(column, change) for change in TRANSFORMS.values()), trimmed(column)):
        assert list(changed.index) == list(column.index)
        assert all(after == "" for before, after in zip(column, changed, strict=True) if before == "")
    first, last = name_parts(column, "first"), name_parts(column, "last")
    for name, *parts in zip(column, first, last, strict=True):
        assert sorted("".join(" ".join(parts).split())) == sorted("".join(name.replace(",", "").split())) or "," in name


@fuzzed_by_column
@given(column=COLUMNS, table=st.dictionaries(TEXTS, TEXTS, max_size=3), separator=st.text(min_size=1, max_size=2))
def test_values(column: pd.Series[str], table: dict[str, str], separator: str) -> None:
    for read in (*READERS.values(), lambda text: read_list(text, separator)):
        for literal in converted_by_value(column, read).values:
            json.loads(literal or "0", parse_constant=_never)
    for otherwise in ("keep", "blank", "problem"):
        converted_by_value(column, map_reader(table, otherwise))


def _never(name: str) -> float:
    raise AssertionError(f"{name} is not JSON")


@fuzzed
@given(text=TEXTS)
def test_amounts(text: str) -> None:
    whole = read_integer(text)
    if not isinstance(whole, Broken):
        assert whole == read_number(text) or "." in text
        int(whole)


@fuzzed_by_column
@given(column=COLUMNS, region=st.sampled_from(["", "IN", "US", "DE", "XX"]), regions=st.none() | COLUMNS)
def test_phones(column: pd.Series[str], region: str, regions: pd.Series[str] | None) -> None:
    found = phones(column, region or None, regions)
    broken = {finding.row for finding in found.findings}
    for row, before, number in zip(column.index, trimmed(column), found.values, strict=True):
        assert (number == "") == (row in broken or before == "")
        assert number == "" or (number.startswith("+") and number[1:].isascii() and number[1:].isdecimal())


@fuzzed_by_column
@given(
    column=COLUMNS,
    formats=st.lists(st.text("%YymdbBHIMSpzjsQf/-.: ", max_size=12), max_size=2),
    zone=st.sampled_from(["UTC", "Asia/Kolkata", "America/Sao_Paulo", "Pacific/Apia"]),
    unit=st.sampled_from(["s", "ms", None]),
    date_only=st.booleans(),
)
def test_dates(column: pd.Series[str], formats: list[str], zone: str, unit: str | None, date_only: bool) -> None:
    usable = tuple(name for name in formats if not format_mistake(name))
    rule = DateRule(
        formats=usable, timezone=zone, unit=unit, date_only=date_only, earliest=datetime(1990, 1, 1, tzinfo=UTC)
    )
    found = dates(column, rule)
    broken = {finding.row for finding in found.findings}
    for row, before, moment in zip(column.index, trimmed(column), found.values, strict=True):
        assert (moment == "") == (row in broken or before == "")


@fuzzed_by_column
@given(texts=CELLS, name=st.text("%YmdHMSpIzbjsQ/-.: []()*+\\", max_size=15))
def test_date_formats(texts: list[str], name: str) -> None:
    column = pa.array(texts, pa.large_string())
    if not format_mistake(name):
        read_moments(column, name)
    fitting_formats(texts)
    why_not_understood(column, "rows 2 to 21")


@fuzzed
@given(text=TEXTS | st.text("ÃÂÐ‚ƒ„…†‡ˆ‰Š‹Œ€œžŸÑРС√≈├┬é\ufffd", max_size=8))
def test_words_about_a_column(text: str) -> None:
    assert isinstance(unscrambled(text), str)
    assert region_code(text) is None or len(region_code(text) or "") in (2, 3)


# settings, addresses, credentials


@fuzzed
@given(text=TEXTS | st.text("htps:/.[]@?#%localhost127.0.0.1é:80", max_size=30).map("https://{}".format))
def test_base_urls(text: str) -> None:
    with contextlib.suppress(SettingsError):
        url = checked_base_url(text)
        assert url.startswith("https://") or is_loopback(url)


@fuzzed
@given(text=TEXTS | st.text(max_size=40))
def test_credentials(text: str) -> None:
    with contextlib.suppress(SettingsError):
        secret = Credential(CredentialKind.TOKEN, text, source="x")
        assert text not in f"{secret!r} {secret}"
        assert all(value.isascii() and "\n" not in value for value in secret.headers().values())


TOML = st.dictionaries(
    st.sampled_from(["org", "rate", "profiles", "base_url", "concurrency", "api_key", "settle", "x"]),
    st.sampled_from(["1", "-1", "1.5", "nan", '"a"', "[]", "{x = {rate = 1}}", "{x = 3}", "true",
                     "2026-01-01", "{x = {profiles = 1}}"]),
    max_size=4,
).map(lambda keys: "".join(f"{key} = {value}\n" for key, value in keys.items()).encode())  # fmt: skip


@fuzzed
@given(content=TOML | st.binary(max_size=60))
def test_settings_files(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = _written(tmp_path_factory, "importer.toml", content).parent
    for profile in ("", "x"):
        with contextlib.suppress(SettingsError):
            load_settings({}, profile=profile, environment={}, folder=folder)


YAML = st.text("{}[]:,-?&*!|>'\"%@ \n\tab01.#<=~", max_size=30).map(str.encode)
FAULTS = st.sampled_from(["drop_after: 0.1", "seed: 2026-99-99", "slow: .inf", "a: &a [*a]", "? [x]\n: 1"])


@fuzzed
@given(content=YAML | FAULTS.map(str.encode) | st.binary(max_size=60))
def test_faults_files(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    with contextlib.suppress(SettingsError):
        load_faults(_written(tmp_path_factory, "faults.yaml", content))


def _written(factory: pytest.TempPathFactory, name: str, content: bytes) -> Path:
    path = factory.getbasetemp() / name
    path.write_bytes(content)
    return path


# the sandbox


@fuzzed
@given(path=st.binary(max_size=40) | st.text("/v4orgsleadinvt%2F.é", max_size=40).map(str.encode))
def test_addresses_of_the_sandbox(path: bytes) -> None:
    for target in (path, b"/v4/orgs/" + path + b"/leads", b"/v4/orgs/o/leads/" + path + b"/assign"):
        find_address(target)


@pytest.mark.parametrize("attributes", ["plain", "object"])
@fuzzed
@given(
    endpoint=st.sampled_from(list(Endpoint)),
    body=st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode()),
)
def test_bodies_for_the_sandbox(attributes: str, endpoint: Endpoint, body: bytes) -> None:
    with contextlib.suppress(InvalidBodyError):
        assert isinstance(Contract(attributes=attributes).read(endpoint, body), dict)

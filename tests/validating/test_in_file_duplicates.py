from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import product
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from importer.model.batch import MappedBatch
from importer.model.mapping import Duplicates
from importer.model.operation import RowId
from importer.model.outcome import RowStatus
from importer.validating import InFileDuplicates
from importer.validating.duplicates import contents, sent_texts
from importer.validating.hashing import Seen

LABELS = ("crm_id", "first_name", "phone_number", "attributes.note", "events[0].attributes.stage")


def row(
    crm_id: str,
    name: str = "Asha",
    phone: str = "",
    note: str = "",
    stage: str = "",
    event: bool = True,
    valid: bool = True,
    filtered: bool = False,
    source: int = 0,
) -> tuple[Any, ...]:
    phone = phone or f"+9198{crc32(crm_id.encode()) % 10**8:08d}"
    return (source, filtered, valid, event, (crm_id, name, phone, note, stage))


def batches(rows: list[tuple[Any, ...]], sizes: tuple[Any, ...] | list[int]) -> Iterator[Any]:
    """The rows in batches of the given sizes (used in turn), never across sources; numbers start at 2 in each."""
    start = 0
    turn = 0
    while start < len(rows):
        source = rows[start][0]
        end = start
        size = sizes[turn % len(sizes)]
        while end < len(rows) and rows[end][0] == source and end - start < size:
            end += 1
        first = start - next(at for at, r in enumerate(rows) if r[0] == source) + 2
        yield source, rows[start:end], first
        start, turn = end, turn + 1


def observed(
    policy: Duplicates, rows: list[tuple[Any, ...]], sizes: tuple[Any, ...] | list[int] = (1000,)
) -> tuple[Any, ...]:
    judge = InFileDuplicates(policy, ["first.csv", "second.csv"])
    repeated = set()
    for source, part, first in batches(rows, sizes):
        index = range(first, first + len(part))
        frame = pd.DataFrame(
            {label: pd.Series([r[4][at] for r in part], dtype="str", index=index) for at, label in enumerate(LABELS)}
        )
        frame["events[0]"] = [r[3] for r in part]
        mapped = MappedBatch(frame=frame, filtered=pd.Series([r[1] for r in part], index=index))
        invalid = frozenset(number for number, r in zip(index, part, strict=True) if not r[2])
        repeated |= {RowId(source, number) for number in judge.observe(source, mapped, invalid)}
    return repeated, judge.settle()


def settled(policy: dict[str, Any], *rows: tuple[Any, ...]) -> dict[Any, Any]:
    return {
        (s.row.source, s.row.number): (s.status, s.problem.code, s.problem.detail)
        for s in observed(Duplicates(**policy), list(rows))[1]
    }


def test_rows_that_differ_change_nothing() -> None:
    assert settled({}, row("a"), row("b"), row("c")) == {}
    assert observed(Duplicates(), [])[1] == ()


def test_the_same_row_again_is_sent_once() -> None:
    assert settled({}, row("a"), row("b"), row("a")) == {
        (0, 4): (
            RowStatus.DUPLICATE_IN_FILE,
            "crm-id-repeated",
            "exact duplicate of row 2; only row 2 is used",
        )
    }


def test_a_conflict_stops_every_row_and_names_the_fields() -> None:
    found = settled({}, row("a", note="x"), row("a", name="Ben"), row("a", valid=False), row("b"))
    assert found == {
        (0, 2): (
            RowStatus.CONFLICT_IN_FILE,
            "crm-id-conflict",
            "row 3 and row 4 have the same crm_id but different content (attributes.note, first_name)",
        ),
        (0, 3): (
            RowStatus.CONFLICT_IN_FILE,
            "crm-id-conflict",
            "row 2 and row 4 have the same crm_id but different content (attributes.note, first_name)",
        ),
    }


def test_an_invalid_row_is_a_conflict_even_if_its_text_looks_the_same() -> None:
    assert settled({}, row("a"), row("a", valid=False))[0, 2][2] == (
        "row 3 has the same crm_id but different content (in a cell that has a problem)"
    )
    assert settled({}, row("a", valid=False), row("a", valid=False)) == {}


def test_another_file_is_named() -> None:
    found = settled({}, row("a"), row("a", source=1))
    assert found[1, 2][2] == "exact duplicate of row 2 of first.csv; only row 2 of first.csv is used"


def test_a_few_of_many_rows_are_named() -> None:
    found = settled({"in_file": "report"}, *[row("a", name=str(n)) for n in range(10)])
    assert found[0, 2][2].startswith("row 3, row 4, row 5, row 6, row 7 and 4 more have the same")
    assert found[0, 11][2].startswith("row 2, row 3, row 4, row 5, row 6 and 4 more have the same")


def test_the_first_or_the_last_valid_row_is_sent_if_the_mapping_says_so() -> None:
    rows = [row("a", valid=False), row("a", name="B"), row("a", name="C"), row("a", name="C"), row("a", valid=False)]
    first = settled({"in_file": "first"}, *rows)
    assert {number: status for (_, number), (status, _, _) in first.items()} == dict.fromkeys(
        (4, 5), RowStatus.DUPLICATE_IN_FILE
    )
    assert first[0, 4][2] == "same crm_id as row 3, which differs (first_name); only row 3 is used"
    last = settled({"in_file": "last"}, *rows)
    assert {number: status for (_, number), (status, _, _) in last.items()} == dict.fromkeys(
        (3, 4), RowStatus.DUPLICATE_IN_FILE
    )
    assert last[0, 4][2] == "exact duplicate of row 5; only row 5 is used"


@pytest.mark.parametrize(
    ("in_file", "expected"), [("report", {(0, 3), (0, 6)}), ("first", {(0, 3), (0, 4), (0, 6)}), ("last", set())]
)
@pytest.mark.parametrize("sizes", [(1,), (2, 3), (100,)])
def test_rows_that_are_sure_not_to_be_sent_are_known_at_once(
    in_file: str, expected: set[tuple[int, ...]], sizes: tuple[Any, ...]
) -> None:
    rows = [row("a"), row("a"), row("a", name="Ben"), row("b", valid=False), row("a"), row("b")]
    repeated, _ = observed(Duplicates(in_file=in_file), rows, sizes)
    assert {(r.source, r.number) for r in repeated} == expected


def test_what_an_unwanted_event_would_say_does_not_matter() -> None:
    assert settled({}, row("a", stage="x", event=False), row("a", stage="y", event=False))[0, 3][0] is (
        RowStatus.DUPLICATE_IN_FILE
    )
    assert settled({}, row("a", stage="x"), row("a", stage="y"))[0, 3][0] is RowStatus.CONFLICT_IN_FILE
    assert settled({}, row("a"), row("a", event=False))[0, 3][0] is RowStatus.CONFLICT_IN_FILE


def test_filtered_rows_and_blank_ids_take_no_part() -> None:
    assert settled({}, row("a", name="x", filtered=True), row("a"), row("", valid=False), row("", valid=False)) == {}


def test_nearly_equal_ids_are_warned_of() -> None:
    found = settled({}, row("Lead-1"), row("lead-1"), row("ｌead-1 "), row("lead-2"), row("LEAD-2", valid=False))
    assert {key: value[:2] for key, value in found.items()} == {
        (0, number): (None, "crm-id-near-duplicate") for number in (2, 3, 4)
    }
    assert found[0, 2][2].startswith("row 3 and row 4 have nearly the same crm_id")


def test_one_phone_number_on_several_rows() -> None:
    rows = [row("a", phone="+12025550100"), row("b", phone="+12025550100"), row("b", phone="+12025550100"), row("c")]
    repeat = (RowStatus.DUPLICATE_IN_FILE, "crm-id-repeated")

    def short(policy: Any) -> dict[Any, Any]:
        return {number: found[:2] for (_, number), found in settled({"phone": policy}, *rows).items()}

    assert short("warn") == {2: (None, "phone-repeated"), 3: (None, "phone-repeated"), 4: repeat}
    conflict = (RowStatus.INVALID, "phone-conflict")
    assert short("problem") == {2: conflict, 3: conflict, 4: repeat}
    assert short("allow") == {4: repeat}


def test_a_column_that_another_file_does_not_have_counts_only_where_it_is_filled() -> None:
    def frame(**columns: Any) -> MappedBatch:
        texts = {label: pd.Series(column, dtype="str", index=[2]) for label, column in columns.items()}
        return MappedBatch(frame=pd.DataFrame(texts), filtered=pd.Series([False], index=[2]))

    same = {"crm_id": ["a"], "first_name": ["Asha"], "phone_number": ["+12025550100"]}
    for extra, status in (([""], RowStatus.DUPLICATE_IN_FILE), (["x"], RowStatus.CONFLICT_IN_FILE)):
        judge = InFileDuplicates(Duplicates(), ["first.csv", "second.csv"])
        judge.observe(0, frame(**same), frozenset())
        judge.observe(1, frame(**dict(reversed(same.items())), **{"attributes.x": extra}), frozenset())
        assert {s.status for s in judge.settle()} == {status}


def test_without_at_once_the_end_is_the_same() -> None:
    index = range(2, 5)
    columns = {
        label: pd.Series([text] * 3, dtype="str", index=index) for label, text in zip(LABELS, "ab1cd", strict=True)
    }
    mapped = MappedBatch(
        frame=pd.DataFrame({**columns, "events[0]": [True] * 3}, index=index),
        filtered=pd.Series([False] * 3, index=index),
    )
    found = {}
    for at_once in (True, False):
        judge = InFileDuplicates(Duplicates(), ["list.csv"], at_once=at_once)
        found[at_once] = (judge.observe(0, mapped, frozenset()), judge.settle())
    assert (found[True][0], found[False][0]) == ({3, 4}, frozenset())
    assert found[True][1] == found[False][1] != ()


ids = st.sampled_from(["a", "b", "A", "ａ", "c", ""])
tricky = st.sampled_from(["", "x", "1:x:", "1:", "\x1f", "=", "é"])
rows_of_two_files = st.lists(
    st.builds(
        row,
        ids,
        name=st.sampled_from(["Asha", "Ben"]),
        phone=st.sampled_from(["+12025550100", "+12025550101", "+12025550102", "+12025550103"]),
        note=tricky,
        stage=tricky,
        event=st.booleans(),
        valid=st.sampled_from([True, True, True, False]),
        filtered=st.sampled_from([False, False, False, True]),
        source=st.integers(0, 1),
    ),
    max_size=25,
).map(lambda rows: sorted(rows, key=lambda r: r[0]))
policies = st.builds(
    Duplicates,
    in_file=st.sampled_from(["report", "first", "last"]),
    phone=st.sampled_from(["warn", "problem", "allow"]),
)


@pytest.mark.slow
@given(rows_of_two_files, policies, st.lists(st.integers(1, 9), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
@example([row("a"), row("a"), row("a", name="Ben")], Duplicates(), [1])
def test_batch_boundaries_change_nothing(rows: list[Any], policy: Any, sizes: list[int]) -> None:
    assert observed(policy, rows, sizes) == observed(policy, rows)


@pytest.mark.slow
@given(rows_of_two_files, policies)
@settings(max_examples=200, deadline=None)
def test_the_result_is_that_of_a_naive_reading(rows: list[Any], policy: Any) -> None:
    repeated, found = observed(policy, rows, (4,))
    assert Counter((s.row, s.status, s.problem.code) for s in found) == Counter(naively(policy, rows))
    unsent = {s.row for s in found if s.status in (RowStatus.DUPLICATE_IN_FILE, RowStatus.CONFLICT_IN_FILE)}
    assert repeated <= unsent
    assert [s.row for s in found] == sorted(s.row for s in found)


def naively(policy: Duplicates, rows: list[tuple[Any, ...]]) -> list[Any]:
    """The rules over lists and dictionaries of texts."""
    counts: defaultdict[str, int] = defaultdict(lambda: 1)
    people = []
    for source, filtered, valid, event, texts in rows:
        counts[source] += 1
        if not filtered and texts[0]:
            people.append((RowId(source, counts[source]), valid, texts if event else (*texts[:4], None)))
    results = []
    sent = []
    for crm_id in {texts[0] for _, _, texts in people}:
        group = [person for person in people if person[2][0] == crm_id]
        valid = [person for person in group if person[1]]
        agree = len({texts for _, _, texts in group}) == 1 and len(valid) == len(group)
        if not valid:
            continue
        if policy.in_file == "report" and not agree:
            results += [(r, RowStatus.CONFLICT_IN_FILE, "crm-id-conflict") for r, _, _ in valid]
            continue
        kept = valid[-1] if policy.in_file == "last" else valid[0]
        sent.append(kept)
        results += [(r, RowStatus.DUPLICATE_IN_FILE, "crm-id-repeated") for r, _, _ in valid if r != kept[0]]
    for (one, _, a), (other, _, b) in product(sent, sent):
        if (
            one != other
            and unicodedata.normalize("NFKC", a[0]).casefold() == unicodedata.normalize("NFKC", b[0]).casefold()
        ):
            results.append((one, None, "crm-id-near-duplicate"))
        if one != other and a[2] == b[2] and policy.phone == "warn":
            results.append((one, None, "phone-repeated"))
        if one != other and a[2] == b[2] and policy.phone == "problem":
            results.append((one, RowStatus.INVALID, "phone-conflict"))
    return list(dict.fromkeys(results))


@given(st.lists(st.tuples(tricky, tricky, tricky), min_size=2, max_size=20))
@settings(max_examples=60, deadline=None)
@example([("x", "y", ""), ("x2:c1=:y", "", ""), ("x:2:c1=:1:y", "", "")])
def test_contents_are_equal_only_where_the_cells_are(rows: list[Any]) -> None:
    frame = pd.DataFrame({f"c{at}": pd.Series([r[at] for r in rows], dtype="str") for at in range(3)})
    texts = [tuple(words) for words in contents(sent_texts(frame))[0].tolist()]
    for (one, a), (other, b) in product(zip(rows, texts, strict=True), repeat=2):
        assert (one == other) == (a == b)


@given(st.lists(st.lists(st.integers(0, 6), max_size=6), max_size=6))
@settings(max_examples=60, deadline=None)
def test_what_was_seen_is_known_again(calls: list[Any]) -> None:
    seen, known = Seen(), set()
    for call in calls:
        found = np.array([[number, number * 7] for number in call], dtype=np.uint64).reshape(-1, 2)
        expected = [number in known or number in call[:at] for at, number in enumerate(call)]
        known |= set(call)
        assert seen.repeats(found).tolist() == expected


def test_half_a_hash_is_not_taken_for_the_whole() -> None:
    seen = Seen()
    seen.repeats(np.array([[1, 1]], dtype=np.uint64))
    assert seen.repeats(np.array([[1, 2], [1, 1]], dtype=np.uint64)).tolist() == [False, True]

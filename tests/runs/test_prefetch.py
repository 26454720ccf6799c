"""The next batch is made while this one is used, and nothing else changes."""

import threading
from collections.abc import Generator

import pytest

from importer.runs.row_pipeline import prefetched

PATIENCE = 10
"""Seconds; nothing here waits that long unless it is broken."""


def test_items_come_in_their_order_and_all_of_them() -> None:
    assert list(prefetched(number for number in range(1_000))) == list(range(1_000))


def test_of_nothing_comes_nothing() -> None:
    assert list(prefetched(number for number in range(0))) == []


def test_the_next_item_is_made_while_one_is_used_and_no_more_than_that() -> None:
    made = [threading.Event() for _ in range(4)]

    def items() -> Generator[int, None, None]:
        for number, event in enumerate(made):
            event.set()
            yield number

    for number in prefetched(items()):
        assert all(event.wait(PATIENCE) for event in made[: number + 2])
        assert not any(event.is_set() for event in made[number + 2 :])


def test_what_making_raises_comes_after_the_items_before_it() -> None:
    def items() -> Generator[int, None, None]:
        yield 1
        yield 2
        raise ValueError("row 3")

    seen = []

    def use() -> None:
        for item in prefetched(items()):
            seen.append(item)

    with pytest.raises(ValueError, match="row 3"):
        use()
    assert seen == [1, 2]


def test_who_stops_early_leaves_nothing_open_and_no_thread() -> None:
    closed = []

    def items() -> Generator[int, None, None]:
        try:
            yield from range(1_000)
        finally:
            closed.append(threading.active_count())

    def use() -> None:
        for _ in prefetched(items()):
            raise RuntimeError("stopped")

    before = threading.active_count()
    with pytest.raises(RuntimeError, match="stopped"):
        use()
    assert closed
    assert threading.active_count() == before

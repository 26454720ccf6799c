"""The next item while this one is used."""

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Generator[T, None, None]) -> Iterator[T]:
    """The items in their order, each made by a second thread while the one before it is used.

    It pays where making and using leave the interpreter to others, as Arrow, NumPy and SQLite do. What making an item
    raises is raised here, after the items before it. Whoever stops early waits for the item that is being made, and
    then the generator is closed.
    """
    with closing(items), ThreadPoolExecutor(max_workers=1, thread_name_prefix="ahead") as thread:
        following = thread.submit(next, items, None)
        while (item := following.result()) is not None:
            following = thread.submit(next, items, None)
            yield item

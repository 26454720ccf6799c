"""What the problems of many rows say, in columns: `RowResult`'s words for a batch at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from importer.journal.encoding import problem_fields
from importer.model.problems import Problems
from importer.model.texts import scalar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Places = NDArray[np.int64]

AT_ONCE: Final = 10_000
"""Records whose problems are objects at once: those of a whole batch take 40 MiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What problems say of the rows that they are about; `numbers` are these rows, in their order.

    `problems` has `number`, `code`, `message`, `hint` and `warning` of each; the others have one text for each row.
    `stops` says which rows have a problem that is no warning.
    """

    numbers: NDArray[np.int64]
    problems: pa.Table
    explanations: pa.Array
    cures: pa.Array
    codes: pa.Array
    warning_codes: pa.Array
    stops: NDArray[np.bool_]


def stored_problems(numbers: Sequence[int], texts: Sequence[str | None]) -> Problems:
    """The problems of the records with these numbers, as which `texts` are stored."""
    parts = []
    for start in range(0, len(numbers), AT_ONCE):
        of_rows = zip(numbers[start : start + AT_ONCE], problem_fields(texts[start : start + AT_ONCE]), strict=True)
        parts.append(Problems.of_members([(number, *problem) for number, of_row in of_rows for problem in of_row]))
    return Problems.together(parts)


def told(problems: Problems) -> Told:
    """What is told of rows by their problems, which are in the order of the rows."""
    numbers, places = np.unique(problems.rows, return_inverse=True)
    stopping, codes = problems.stops, problems.texts("code")
    messages, hints = problems.messages(), problems.hints()
    stops = np.zeros(len(numbers), dtype=bool)
    stops[places[stopping]] = True
    count = len(numbers)
    tells = stopping | ~stops[places]
    return Told(
        numbers=numbers,
        problems=pa.table(
            {
                "number": problems.table["row"],
                "code": codes,
                "message": messages,
                "hint": hints,
                "warning": problems.table["warning"],
            }
        ),
        explanations=_of_each_row(places[tells], messages.filter(pa.array(tells)), count, "; "),
        cures=_of_each_row(*_each_once(places, hints, tells), count, " "),
        codes=_of_each_row(*_each_once(places, codes, stopping), count, ";"),
        warning_codes=_of_each_row(*_each_once(places, codes, ~stopping), count, ";"),
        stops=stops,
    )


def _each_once(places: Places, texts: pa.Array, chosen: NDArray[np.bool_]) -> tuple[Places, pa.Array]:
    """The chosen texts, but each only once for a row."""
    places, texts = places[chosen], texts.filter(pa.array(chosen))
    words = texts.dictionary_encode()
    keys = places * (len(words.dictionary) + 1) + np.asarray(words.indices)
    _, first = np.unique(keys, return_index=True)
    first.sort()
    return places[first], texts.take(pa.array(first))


def _of_each_row(places: Places, texts: pa.Array, count: int, between: str) -> pa.Array:
    """The texts of each row as one; the places ascend."""
    offsets = np.concatenate([[0], np.cumsum(np.bincount(places, minlength=count))])
    return pc.binary_join(pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), texts), scalar(between))

"""What the problems of many rows say, in columns: `RowResult`'s words for a batch at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from importer.journal.encoding import PROBLEM, problem_fields
from importer.model.problem import SHOWN_LENGTH, shown, usual_cure
from importer.model.texts import TEXT, joined, scalar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Places = NDArray[np.int64]

AT_ONCE: Final = 10_000
"""Rows whose problems are objects at once: those of a whole batch take 40 MiB."""

_PLAIN: Final = r"\A[!-~]+(?: [!-~]+)*\z"
"""Visible ASCII with single blanks between words, which is shown as it stands if it is short enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The problems of some rows, and what they say of each row.

    `problems` has `number`, `code`, `message`, `hint` and `warning` of each; the others have one text for each row.
    `stops` says which rows have a problem that is no warning.
    """

    problems: pa.Table
    explanations: pa.Array
    cures: pa.Array
    codes: pa.Array
    warning_codes: pa.Array
    stops: NDArray[np.bool_]


def told(numbers: Sequence[int], texts: Sequence[str | None]) -> Told:
    """What is told of the rows with these numbers, whose stored problems are `texts`."""
    starts = range(0, max(1, len(numbers)), AT_ONCE)
    parts = [_told(numbers[start : start + AT_ONCE], texts[start : start + AT_ONCE]) for start in starts]
    return Told(
        problems=pa.concat_tables([part.problems for part in parts]),
        explanations=pa.concat_arrays([part.explanations for part in parts]),
        cures=pa.concat_arrays([part.cures for part in parts]),
        codes=pa.concat_arrays([part.codes for part in parts]),
        warning_codes=pa.concat_arrays([part.warning_codes for part in parts]),
        stops=np.concatenate([part.stops for part in parts]),
    )


def _told(numbers: Sequence[int], texts: Sequence[str | None]) -> Told:
    flat = [(place, *problem) for place, of_row in enumerate(problem_fields(texts)) for problem in of_row]
    names = ("place", *PROBLEM)
    columns = dict(zip(names, zip(*flat, strict=True) if flat else [()] * len(names), strict=True))
    places = np.array(columns["place"], dtype=np.int64)
    warning = np.array(columns["warning"], dtype=bool)
    text = {name: pa.array(columns[name], TEXT) for name in ("code", "detail", "column", "value", "cure")}
    messages, hints = _messages(text), _hints(text)
    stops = np.zeros(len(numbers), dtype=bool)
    stops[places[~warning]] = True
    count = len(numbers)
    tells = ~warning | ~stops[places]
    return Told(
        problems=pa.table(
            {
                "number": pa.array(np.array(numbers, dtype=np.int64)[places]),
                "code": text["code"],
                "message": messages,
                "hint": hints,
                "warning": pa.array(warning),
            }
        ),
        explanations=_of_each_row(places[tells], messages.filter(pa.array(tells)), count, "; "),
        cures=_of_each_row(*_each_once(places, hints, tells), count, " "),
        codes=_of_each_row(*_each_once(places, text["code"], ~warning), count, ";"),
        warning_codes=_of_each_row(*_each_once(places, text["code"], warning), count, ";"),
        stops=stops,
    )


def _messages(text: dict[str, pa.Array]) -> pa.Array:
    """`Problem.message` of each."""
    has_value, has_column = pc.not_equal(text["value"], ""), pc.not_equal(text["column"], "")
    value = pc.if_else(has_value, joined("“", _shown(text["value"]), "” "), "")
    colon = pc.if_else(has_value, scalar(": "), scalar(" "))
    return joined(pc.if_else(has_column, joined(text["column"], colon), ""), value, text["detail"])


def _shown(values: pa.Array) -> pa.Array:
    """`shown` of each."""
    long = pc.greater(pc.utf8_length(values), SHOWN_LENGTH)
    others = pc.or_(long, pc.invert(pc.match_substring_regex(values, _PLAIN)))
    texts = [shown(value) for value in values.filter(others).to_pylist()]
    return pc.replace_with_mask(values, others, pa.array(texts, TEXT))


def _hints(text: dict[str, pa.Array]) -> pa.Array:
    """`Problem.hint` of each."""
    codes = pc.unique(text["code"])
    usual = pa.array([usual_cure(code) for code in codes.to_pylist()], TEXT)
    return pc.if_else(pc.equal(text["cure"], ""), usual.take(pc.index_in(text["code"], codes)), text["cure"])


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

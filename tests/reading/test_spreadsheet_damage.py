"""Error texts and rounded numbers are problems wherever they come from."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from importer.reading.spreadsheet_damage import is_rounded
from tests.reading.conftest import Seen


@pytest.mark.parametrize("text", ["#N/A", "#ref! ", "#DIV/0!", "#NV", "#¡VALOR!"])
def test_an_error_text_is_a_problem(csv_of: Callable[..., Seen], text: str) -> None:
    seen = csv_of(f"id,city\na,Ulm\nb,{text}\n")
    assert seen.codes == [(3, "cell-error", "city")]


@pytest.mark.parametrize("text", ["#1", "# a comment", "#hashtag", "N/A", "C# and #N/A"])
def test_other_texts_with_a_hash_are_texts(csv_of: Callable[..., Seen], text: str) -> None:
    assert csv_of(f"id,city\na,{text}\n").problems == []


@pytest.mark.parametrize("text", ["1.81591E+11", "9E+11", "1,8E+12", "-1.2E+15", "4.91761E+12"])
def test_a_rounded_number_has_lost_digits(csv_of: Callable[..., Seen], text: str) -> None:
    seen = csv_of(f'id,phone\na,"{text}"\n')
    assert seen.codes == [(2, "digits-lost", "phone")]
    assert seen.rows[2][1] == text


@pytest.mark.parametrize("text", ["1.5E+03", "12E+34X", "1.23456789012E+11", "5E12", "AE+11"])
def test_other_texts_are_not_rounded(text: str) -> None:
    assert not is_rounded(text)

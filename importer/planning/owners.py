"""Who gets the lead."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING

from importer.model.batch import Place, Target
from importer.planning.bodies import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from importer.model.mapping import AssignSpec, Share


def turns(shares: Sequence[Share]) -> Iterator[str]:
    """Users in turn, for ever: every `sum of weights` turns each gets as many as their weight, spread evenly.

    Smooth weighted round robin, as nginx does it: before each turn everybody gains their weight, the one with most
    (the first of equals) has the turn and pays the sum of all weights. `a: 1, b: 2` gives b, a, b, b, a, b, …
    """
    total = sum(share.weight for share in shares)
    credit = [0] * len(shares)
    while True:
        credit = [have + share.weight for have, share in zip(credit, shares, strict=True)]
        chosen = credit.index(max(credit))
        credit[chosen] -= total
        yield shares[chosen].user


class Owners:
    """Names the owner of each row that is to be sent; keeps its place in the round robin from batch to batch."""

    def __init__(self, assign: AssignSpec | None, targets: Sequence[Target]) -> None:
        self._assign = assign
        self._label = next((target.label for target in targets if target.place is Place.ASSIGN), None)
        shares = assign.round_robin if assign else None
        self._turns = turns(shares) if shares else None

    def bound_to(self, targets: Sequence[Target]) -> Owners:
        """The same turns for another table."""
        owners = Owners(self._assign, targets)
        owners._turns = self._turns
        return owners

    def column(self, frame: pd.DataFrame) -> Iterator[str]:
        """The owner that the source itself names, per row; `""` where there is none."""
        return iter(frame[self._label].tolist()) if self._label in frame.columns else repeat("", len(frame))

    def owner(self, named: str, *, repeated: bool) -> str:
        """The owner of a valid row. A row that only repeats an earlier one takes nobody's turn."""
        if self._turns is None:
            return named
        return "" if repeated else next(self._turns)

    def member(self, user: str) -> str:
        """`"user_email": …` or `"user_id": …`: as the mapping calls the column, else by the `@`."""
        assign = self._assign
        if assign is not None and assign.user_email is not None:
            return f'"user_email":{json_text(user)}'
        if assign is not None and assign.user_id is not None:
            return f'"user_id":{json_text(user)}'
        return f'"{"user_email" if "@" in user else "user_id"}":{json_text(user)}'

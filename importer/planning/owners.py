"""Who gets the lead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from importer.model.batch import Place, Target
from importer.model.texts import TEXT, joined, large_texts, scalar
from importer.planning.bodies import json_texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from importer.model.mapping import AssignSpec, Share

    Mask = NDArray[np.bool_]

_EMAIL: Final = scalar('"user_email":')
_ID: Final = scalar('"user_id":')


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

    def column(self, frame: pd.DataFrame, valid: Mask, repeated: Mask) -> pa.Array:
        """The owner of each valid row, `""` for nobody. A row that only repeats an earlier one takes nobody's turn."""
        if self._turns is not None:
            taking = (valid & ~repeated).tolist()
            return pa.array([next(self._turns) if takes else "" for takes in taking], TEXT)
        if self._label not in frame.columns:
            return pa.repeat(scalar(""), len(frame))
        return pc.if_else(pa.array(valid), large_texts(frame[self._label]), "")

    def member(self, users: pa.Array) -> pa.Array:
        """`"user_email": …` or `"user_id": …`: as the mapping calls the column, else by the `@`; null for nobody."""
        assign = self._assign
        if assign is not None and assign.user_email is not None:
            keys = _EMAIL
        elif assign is not None and assign.user_id is not None:
            keys = _ID
        else:
            keys = pc.if_else(pc.match_substring(users, "@"), _EMAIL, _ID)
        return joined(keys, json_texts(users))

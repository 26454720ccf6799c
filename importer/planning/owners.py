"""Who gets the lead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from importer.model.batch import Place, Target
from importer.model.texts import TEXT, large_texts, scalar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from importer.model.mapping import AssignSpec, Share

    Mask = NDArray[np.bool_]


def round_robin(shares: Sequence[Share]) -> Iterator[str]:
    """Users in turn, forever: in every `sum of weights` turns each gets as many as their weight, spread evenly.

    Smooth weighted round robin, as nginx does it: before each turn everybody gains their weight, the one with the most
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

    def __init__(self, assign: AssignSpec | None) -> None:
        self._turns = round_robin(assign.round_robin) if assign and assign.round_robin else None

    def column(self, frame: pd.DataFrame, targets: Sequence[Target], valid: Mask, repeated: Mask) -> pa.Array:
        """The owner of each valid row, `""` for nobody. A row that only repeats an earlier one takes nobody's turn."""
        if self._turns is not None:
            taking = (valid & ~repeated).tolist()
            return pa.array([next(self._turns) if takes else "" for takes in taking], TEXT)
        label = next((target.label for target in targets if target.place is Place.ASSIGN), None)
        if label is None:
            return pa.repeat(scalar(""), len(frame))
        return pc.if_else(pa.array(valid), large_texts(frame[label]), "")

"""The first leads, value by value beside the cells that they are made of, for people to look at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from importer.model.batch import Place
from importer.model.lead_preview import LeadPreview, ValuePreview
from importer.model.problem import shown
from importer.model.rules import TimeRule
from importer.model.whitespace import without_edges

if TYPE_CHECKING:
    from collections.abc import Mapping as Map
    from collections.abc import Sequence

    import pandas as pd

    from importer.model.batch import Target
    from importer.model.mapping import Mapping

KEPT: Final = 60
"""Leads of a run that are kept: three times as many as are shown, for the whole file may rule some of them out."""

_LONGEST: Final = 200


def lead_previews(
    frame: pd.DataFrame, cells: pd.DataFrame, numbers: list[int], targets: Sequence[Target], mapping: Mapping
) -> tuple[LeadPreview, ...]:
    """These rows as leads; `frame` is mapped, `cells` are the source's of the same rows."""
    values = [target for target in targets if target.place in (Place.LEAD, Place.ATTRIBUTE)]
    texts, own = frame.loc[numbers].to_dict("records"), cells.loc[numbers].to_dict("records")
    return tuple(
        LeadPreview(
            number=number,
            crm_id=mapped["crm_id"],
            values=tuple(
                _value(target, mapped[target.label], source, mapping) for target in values if mapped[target.label]
            ),
        )
        for number, mapped, source in zip(numbers, texts, own, strict=True)
    )


def _value(target: Target, text: str, cells: Map[Any, str], mapping: Mapping) -> ValuePreview:
    filled = [(column, cell) for column in target.origins if (cell := without_edges(cells[column]))]
    if target.rule is None or target.rule.columns is not None:
        filled = filled[:1]
    return ValuePreview(
        field=target.label,
        column=" + ".join(column for column, _ in filled),
        before=shown(" + ".join(cell for _, cell in filled), _LONGEST),
        after=shown(_understood(target, text, mapping), _LONGEST),
    )


def _understood(target: Target, text: str, mapping: Mapping) -> str:
    """The text; where it is a number of seconds or milliseconds since 1970, with the time that it means."""
    rule = target.rule
    if not (target.is_date and isinstance(rule, TimeRule) and text.removeprefix("-").isdigit()):
        return text
    since = timedelta(milliseconds=int(text)) if rule.unit == "ms" else timedelta(seconds=int(text))
    zone = rule.timezone or mapping.defaults.timezone
    try:
        when = (datetime(1970, 1, 1, tzinfo=UTC) + since).astimezone(ZoneInfo(zone))
    except OverflowError:  # the last hours of the year 9999, for example, further east
        return text
    return f"{when:%Y-%m-%d %H:%M} {zone} ({text})"

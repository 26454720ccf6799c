"""What was found in the columns of a run: signs of damage, changes since the last run, and who gets the leads.

Unlike a problem, a symptom is about a column, and has no effect on whether a row is sent.
"""

import re
from dataclasses import dataclass
from typing import Final

from importer.model.visible import KeyPath, shown_path

FIRST_ROWS: Final = 5
"""A symptom names so many rows."""

SIGNS: Final = {
    "dates-ambiguous": "ambiguous dates",
    "dates-unread": "dates that do not match any format",
    "dates-as-serials": "dates as a spreadsheet's own count of days",
    "dates-half-swapped": "real dates beside text dates: a spreadsheet may have swapped their day and month",
    "phones-as-decimals": "phone numbers that a spreadsheet turned into decimals, repaired: every digit is there",
    "phones-as-digits": "phone numbers stored as plain numbers that are not valid as they are",
    "digits-lost": "numbers that a spreadsheet rounded: their last digits are gone",
    "leading-zeros-lost": "values that seem to have lost a leading zero",
    "decimals-mixed": "numbers such as 1.234 beside numbers with a decimal comma: the point may group thousands",
    "apostrophes-in-front": "values with a leading apostrophe, as typed in spreadsheets to make a cell text",
    "mojibake": "values with broken letters",
    "ids-nearly-same": "ids that differ from another one only in case or Unicode form",
    "blank-but-required": "blank cells where a value is required",
    "outside-the-map": "values that are missing from the mapping's `map`",
    "outside-the-list": "values that the mapping does not allow",
    "do-not-contact": "people who must not be contacted according to this column, but are not excluded by `where`",
    "contact-unclear": "values that may say who must not be contacted, and that are not understood",
}
"""The code of every symptom, and what it counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """One sign in one column of one source: how often, where first, and the line of YAML that helps.

    `source` is the position among the run's sources; `rows` are the numbers of the first rows, as a spreadsheet shows
    them. `fix` is a line to replace what the mapping has at `place`; without a place it is a comment that begins with
    `#`. Until the line has been tried on the rows, `otherwise` is the comment for the case that it does not help.
    """

    code: str
    column: str
    count: int
    rows: tuple[int, ...]
    fix: str
    detail: str = ""
    source: int = 0
    place: KeyPath = ()
    otherwise: str = ""

    @property
    def title(self) -> str:
        """What is counted, with details where there are any."""
        return SIGNS[self.code] + (f" ({self.detail})" if self.detail else "")

    @property
    def key(self) -> str:
        """The place as a person reads it: `lead.phone_number`."""
        return shown_path(self.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnProfile:
    """How full a column was, over all sources: its rows, and how many were blank or had a problem there.

    A column that the mapping does not use has no rows, because its cells are not examined.
    """

    name: str
    rows: int = 0
    blanks: int = 0
    problems: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A difference between the columns of this run and those of the last; `kind` is a word such as `renamed`.

    `stops`: the mapping uses the column, so a run waits for confirmation.
    """

    kind: str
    column: str
    detail: str
    stops: bool = True

    @property
    def sentence(self) -> str:
        """The change as a message words it."""
        return f"column “{self.column}” {self.detail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """Everything that was found. `mapping` is the mapping's name, `compared_with` the run that `changes` refer to.

    `mapping` is empty for a corrected rejects.csv, whose columns must not be compared with the mapping's next file.
    """

    mapping: str = ""
    columns: tuple[ColumnProfile, ...] = ()
    symptoms: tuple[Symptom, ...] = ()
    changes: tuple[Change, ...] = ()
    compared_with: str = ""

    @property
    def stopping(self) -> tuple[Change, ...]:
        """The changes that stop a run."""
        return tuple(change for change in self.changes if change.stops)


_EMAIL: Final = re.compile(r"[^\s@]+@[^\s@.]+(\.[^\s@.]+)+")
_ID: Final = re.compile(r"[^\s@]*\d[^\s@]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerCount:
    """An owner as the file or the mapping names them, and how many rows they get."""

    name: str
    rows: int

    @property
    def is_suspicious(self) -> bool:
        """Whether the name looks neither like an e-mail address nor like an id (one word, with a digit in it)."""
        return not (_EMAIL.fullmatch(self.name) or _ID.fullmatch(self.name))

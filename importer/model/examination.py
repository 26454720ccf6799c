"""What a look at the columns of a run found: signs of damage, changes since the last run, and who gets the leads.

Unlike a problem, a symptom is about a column: it says nothing about whether a row is sent.
"""

import re
from dataclasses import dataclass
from typing import Final

from importer.model.visible import KeyPath, shown_path

FIRST_ROWS: Final = 5
"""So many rows of a symptom are named."""

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
"""Every code of a symptom, and what it counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """One sign in one column of one source: how often, where first, and the line of YAML that helps.

    `source` is the position among the run's sources. `rows` are the first numbers that a spreadsheet shows. `fix` is
    a line that replaces what the mapping holds at `place`; without a place it is a comment that begins with `#`. Until
    the line was tried on the rows, `otherwise` is the comment for the case that it does not help.
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
        """What is counted, with what more is known of it."""
        return SIGNS[self.code] + (f" ({self.detail})" if self.detail else "")

    @property
    def key(self) -> str:
        """The place as a person reads it: `lead.phone_number`."""
        return shown_path(self.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnProfile:
    """How full a column was, over all sources: its rows, and how many were blank or had a problem there.

    A column that the mapping does not use has no rows: nobody looked at its cells.
    """

    name: str
    rows: int = 0
    blanks: int = 0
    problems: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something in which the columns differ from those of the last run; `kind` is a word such as `renamed`.

    `stops`: a column that the mapping uses is concerned, so somebody has to look before a run sends.
    """

    kind: str
    column: str
    detail: str
    stops: bool = True

    @property
    def sentence(self) -> str:
        """The change as a person says it."""
        return f"column “{self.column}” {self.detail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """All that was found. `mapping` is the mapping's name, `compared_with` the run that `changes` are about.

    `mapping` is empty where the columns say nothing about the next file of this mapping: a mended rejects.csv.
    """

    mapping: str = ""
    columns: tuple[ColumnProfile, ...] = ()
    symptoms: tuple[Symptom, ...] = ()
    changes: tuple[Change, ...] = ()
    compared_with: str = ""

    @property
    def stopping(self) -> tuple[Change, ...]:
        """The changes at which a run stops."""
        return tuple(change for change in self.changes if change.stops)


_EMAIL: Final = re.compile(r"[^\s@]+@[^\s@.]+(\.[^\s@.]+)+")
_ID: Final = re.compile(r"[^\s@]*\d[^\s@]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerCount:
    """An owner as the file or the mapping names them, and how many rows they get."""

    name: str
    rows: int

    @property
    def is_doubtful(self) -> bool:
        """Whether the name looks neither like an e-mail address nor like an id (one word, with a digit in it)."""
        return not (_EMAIL.fullmatch(self.name) or _ID.fullmatch(self.name))

"""What is wrong with a row, or worth a warning. A problem keeps the row from being sent; a warning does not.

`KINDS` is the one table of codes: reports and documentation are derived from it. A code never changes its meaning.
"""

from dataclasses import dataclass
from typing import Final

from importer.model.fields import LEAD_FIELDS

SHOWN_LENGTH: Final = 60
"""Characters of a value that a message shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemKind:
    """One way in which a row can be wrong: the cause, and the usual fix."""

    title: str
    cause: str
    fix: str
    warning: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One finding about one row.

    `row` is the number the spreadsheet shows; `field` is the target (`phone_number`, `attributes.score`); `column` is
    the source column, empty when the finding is about the whole row; `value` is the cell as read (shortened in a
    plan); `detail` says which rule is broken; `fix` is what to do, where more is known than the usual fix of the code.
    """

    row: int
    code: str
    detail: str
    field: str = ""
    column: str = ""
    value: str = ""
    fix: str = ""
    warning: bool = False


def shown(value: str, length: int = SHOWN_LENGTH) -> str:
    """A value as a message shows it: one line, shortened."""
    text = " ".join(value.split())
    return text if len(text) <= length else text[: length - 1] + "…"


def usual_fix(code: str) -> str:
    """How most problems of this code are fixed; `""` for a code of a later version."""
    return KINDS[code].fix if code in KINDS else ""


def _problem(title: str, cause: str, fix: str) -> ProblemKind:
    return ProblemKind(title=title, cause=cause, fix=fix)


def _warning(title: str, cause: str, fix: str) -> ProblemKind:
    return ProblemKind(title=title, cause=cause, fix=fix, warning=True)


KINDS: Final[dict[str, ProblemKind]] = {
    # reading
    "row-too-long": _problem(
        "More cells than columns",
        "The row has more cells than the header has columns, so its cells may be in the wrong columns.",
        "Quote the cell that holds the delimiter, or remove the extra cells.",
    ),
    "row-too-short": _warning(
        "Fewer cells than columns",
        "The row ends before the header does; the missing cells are read as blank.",
        "Check that no cell is missing in the middle of the row.",
    ),
    "quote-misplaced": _problem(
        "A quotation mark in the middle of a cell",
        "There is text after the closing quotation mark, so it is not clear where the cell ends.",
        'Write a quotation mark inside a quoted cell twice: "".',
    ),
    "cell-error": _problem(
        "A spreadsheet error in a mapped column",
        "The cell shows an error such as #N/A instead of a value.",
        "Fix the formula in the spreadsheet, or type the value instead.",
    ),
    "formula-without-value": _problem(
        "A formula that was never calculated",
        "The file has the formula, but not its value.",
        "Open the file in a spreadsheet program and save it, or paste the column as values.",
    ),
    "digits-lost": _problem(
        "Digits lost to the spreadsheet",
        "A spreadsheet keeps 15 digits of a number; this one was longer, or was rounded to scientific notation.",
        "Export the column again as text, and paste the original value.",
    ),
    "cell-shown-differently": _problem(
        "A cell that displays something other than its value",
        "The cell's number format rounds or hides its value, so what you see is not what is stored.",
        "Give the column the format General (or Text) in the spreadsheet, and fix the value.",
    ),
    # required fields
    **{
        f"{field.slug}-missing": _problem(f"No {field.title}", f"Every lead needs a {field.name}.", "Fill the cell.")
        for field in LEAD_FIELDS
        if field.required
    },
    "value-missing": _problem(
        "A required value is blank",
        "The mapping requires this field.",
        "Fill the cell, or give the field a default in the mapping.",
    ),
    # lead fields
    **{
        f"{field.slug}-too-long": _problem(
            f"{field.title[0].upper()}{field.title[1:]} too long",
            f"The CRM takes at most {field.max_length} characters.",
            f"Shorten the {field.title} in the source.",
        )
        for field in LEAD_FIELDS
        if field.max_length is not None
    },
    **{
        f"{field.slug}-asterisk": _problem(
            f"An asterisk in the {field.title}",
            "The CRM refuses `*` in names.",
            "Remove the `*`.",
        )
        for field in LEAD_FIELDS
        if not field.asterisk_allowed
    },
    "crm-id-dots": _problem(
        "A CRM id of dots",
        "An id of `.` or `..` cannot be part of a URL.",
        "Give the lead another id.",
    ),
    "control-characters": _problem(
        "Invisible control characters",
        "The cell contains invisible characters that the CRM may refuse.",
        "Type the value again.",
    ),
    # phones
    "phone-invalid": _problem(
        "Not a phone number",
        "The number is not valid in its country: wrong length, or no numbers begin like this.",
        "Fix the number, or add the country code, for example +44 7911 123456.",
    ),
    "phone-region-missing": _problem(
        "A phone number without a country",
        "The number has no country code and its country is not known; or it has no plus, and is valid both as a "
        "national number and as an international one.",
        "Add the country code, for example +44 7911 123456, or set defaults.region (or region_column) in the mapping.",
    ),
    "phone-region-unknown": _problem(
        "An unknown country for a phone number",
        "The value in the region column is neither a country code nor a country name.",
        "Use a two-letter country code such as IN, US, GB.",
    ),
    "phone-digits-lost": _problem(
        "A phone number rounded by a spreadsheet",
        "The spreadsheet turned the number into scientific notation and its last digits are gone.",
        "Export the column again as text, and paste the original number.",
    ),
    "phone-extension": _problem(
        "A phone number with an extension",
        "The CRM takes a number without an extension.",
        "Remove the extension, or keep it in an attribute.",
    ),
    "phone-several": _problem(
        "Several phone numbers in one cell",
        "The cell holds more than one number.",
        "Keep one number in the cell.",
    ),
    "phone-repeated": _warning(
        "One phone number on several rows",
        "The CRM keeps one active chat per number, so two leads with the same number share it.",
        "Check whether the rows are the same person.",
    ),
    "phone-conflict": _problem(
        "One phone number on several rows",
        "The mapping says that a phone number must not repeat (duplicates.phone: problem).",
        "Keep one of the rows.",
    ),
    # dates
    "date-invalid": _problem(
        "Not a date in the expected format",
        "The cell does not match any date format of the mapping.",
        "Fix the cell, or add its format to the mapping.",
    ),
    "date-ambiguous": _problem(
        "An ambiguous date",
        "Day and month could be swapped, or the century is not clear. The importer never guesses.",
        'Set the format in the mapping, such as format: "%d/%m/%Y".',
    ),
    "date-nonexistent": _problem(
        "A time that did not exist",
        "Clocks went forward and skipped this time in the given time zone.",
        "Fix the time, or add its UTC offset.",
    ),
    "date-twice": _problem(
        "A time that existed twice",
        "Clocks went back, so this time occurred twice in the given time zone.",
        "Add the UTC offset to the time.",
    ),
    "date-out-of-range": _problem(
        "An implausible date",
        "The date is before 2000 or in the future.",
        "Fix the date, or its format in the mapping.",
    ),
    "date-in-future": _warning(
        "A two-digit year in the future",
        "`%y` reads 00 to 68 as 2000 to 2068, which puts this date in the future.",
        "If the previous century is meant, write the year with four digits.",
    ),
    # values
    "number-invalid": _problem(
        "Not a number",
        "The mapping requires a number for this attribute.",
        "Write a number, for example 12.5.",
    ),
    "integer-invalid": _problem(
        "Not a whole number",
        "The mapping requires a whole number for this attribute.",
        "Write a whole number, or set type: number in the mapping.",
    ),
    "boolean-invalid": _problem(
        "Neither yes nor no",
        "The mapping requires yes or no for this attribute.",
        "Use yes or no, or translate the other words with `map` in the mapping.",
    ),
    "json-invalid": _problem(
        "Not JSON",
        "The mapping requires JSON for this attribute.",
        'Write JSON, for example {"plan": "gold"}.',
    ),
    "value-not-in-map": _problem(
        "A value that is missing from the mapping's `map`",
        "The value is not listed in `map`.",
        "Add the value to `map`, or set otherwise: keep.",
    ),
    "value-not-in-lookup": _problem(
        "A value that is missing from the mapping's `lookup`",
        "The value is not in the file that the mapping looks it up in.",
        "Add the value to that file, or set otherwise: keep.",
    ),
    "value-not-allowed": _problem(
        "A value that is not allowed",
        "The value is not listed in `one_of`.",
        "Use one of the allowed values, or add it to the mapping.",
    ),
    "value-too-short": _problem(
        "Too short",
        "The value has fewer characters than the mapping requires.",
        "Write the whole value.",
    ),
    "value-too-long": _problem(
        "Too long", "The value has more characters than the mapping allows.", "Shorten the value."
    ),
    "value-too-small": _problem(
        "Too small",
        "The number is below the mapping's minimum.",
        "Correct the number, or change minimum in the mapping.",
    ),
    "value-too-large": _problem(
        "Too large",
        "The number is above the mapping's maximum.",
        "Correct the number, or change maximum in the mapping.",
    ),
    "email-invalid": _problem(
        "Not an e-mail address",
        "The mapping requires an e-mail address.",
        "Write one address, for example asha@mail.example.",
    ),
    "e164-invalid": _problem(
        "Not an E.164 number",
        "The mapping requires a number such as +919876543210.",
        "Write the plus, the country code and the number, without spaces.",
    ),
    "url-invalid": _problem(
        "Not a web address",
        "The mapping requires an address such as https://x.example.",
        "Write the whole address, beginning with https:// or http://.",
    ),
    "digits-invalid": _problem(
        "Not digits only", "The mapping requires digits only.", "Remove everything but the digits."
    ),
    "uuid-invalid": _problem(
        "Not a UUID",
        "The mapping requires a UUID.",
        "Paste the whole id, for example 0b6d7c3e-1111-4222-8333-444455556666.",
    ),
    "pattern-mismatch": _problem(
        "Not in the required form",
        "The value does not match the mapping's `pattern`.",
        "Write the value in that form, or change `pattern` in the mapping.",
    ),
    # owners
    "owner-missing": _problem(
        "No owner",
        "The mapping does not allow a blank owner (assign.when_blank: problem).",
        "Fill the cell.",
    ),
    "owner-not-in-map": _problem(
        "No owner for this value",
        "The mapping has no owner for this value.",
        "Add the value to assign.by.map, or set otherwise in assign.by.",
    ),
    "owner-invalid": _problem(
        "Not a valid owner",
        "The owner is neither an e-mail address of at most 319 characters nor an id.",
        "Write the e-mail address or the id of a user of Saleschat.",
    ),
    # events
    "event-twice": _problem(
        "One event twice for one lead",
        "Two events of the mapping have the same name and key; the CRM would ignore the second as a retry.",
        "Give one of the events another key in the mapping.",
    ),
    # within the files of the run
    "crm-id-conflict": _problem(
        "Same CRM id, different content",
        "Several rows have this crm_id but different content, and a lead cannot be changed once it is created.",
        "Keep the right row, or set duplicates.in_file: first (or last) in the mapping.",
    ),
    "crm-id-repeated": _warning(
        "Duplicate of another row",
        "Another row has the same crm_id, and only that row is used.",
        "Skipped; nothing to do.",
    ),
    "crm-id-near-duplicate": _warning(
        "Nearly the same CRM id as another row",
        "Another row's id differs only in case, spaces or Unicode form; the CRM may treat them as one lead.",
        "Check whether the rows are the same lead.",
    ),
    "crm-id-in-address": _warning(
        "A CRM id that cannot be part of a URL",
        "Servers refuse some characters in a URL, so the assignment and events of this lead need its lead_id.",
        "Nothing to do, unless its assignment or events are reported as held.",
    ),
    # from the CRM
    "known-lead": _warning(
        "A lead that is known from an earlier run",
        "According to the journal, this lead exists in the CRM.",
        "Nothing to do; --skip-known skips such rows.",
    ),
    "known-contact": _warning(
        "A known phone number or e-mail address with a new CRM id",
        "A lead of an earlier run has this number or address but another crm_id, so this may be the same person.",
        "Check whether it is the same person; if so, give the row the crm_id of the lead that exists.",
    ),
    "crm-id-normalised": _warning(
        "The CRM changed the CRM id",
        "The CRM answered with a crm_id that differs from ours in spaces or case.",
        "Use the id from the CRM from now on.",
    ),
    "echo-mismatch": _warning(
        "The CRM stored something different",
        "The CRM's answer differs from what was sent.",
        "Look at the lead in the CRM and fix it there.",
    ),
}

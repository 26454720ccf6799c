"""What pydantic says about a document, in a person's words, with the line where it stands."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import ErrorDetails

from importer.errors import Mistake
from importer.model.fields import LEAD_FIELDS
from importer.model.mapping import LeadSpec
from importer.model.problem import shown
from importer.model.rules import NESTED_TAG, RULE_TAG, AttributeRule, PhoneRule, TimeRule
from importer.model.strict_model import UNKNOWN_KEY
from importer.model.visible import KeyPath, shown_path
from importer.model.vocabulary import did_you_mean

if TYPE_CHECKING:
    from importer.mapping.file.yaml_document import Document

_ADDED_BY_PYDANTIC: Final = frozenset({RULE_TAG, NESTED_TAG, "[key]"})

_SECRETS: Final = re.compile(
    r"(base_?)?url|server|host|endpoint|org(_?id)?|organi[sz]ation|(x_org_)?api_?key(_file)?|(access_)?token|jwt|bearer"
    r"|authori[sz]ation|credentials?|password|secret|user(name)?"
)
"""Keys that look for a place for what a mapping never holds."""


def mistakes_of(errors: list[ErrorDetails], document: Document) -> list[Mistake]:
    """Every error as a mistake, except those that follow from another one."""
    found = [(_path(error), error) for error in errors]
    return [_mistake(path, error, document) for path, error in found if not _follows(path, error, document)]


def _path(error: ErrorDetails) -> KeyPath:
    return tuple(step for step in error["loc"] if step not in _ADDED_BY_PYDANTIC)


def _follows(path: KeyPath, error: ErrorDetails, document: Document) -> bool:
    """A list is short of elements that are wrong themselves; what YAML leaves open cannot be right."""
    if error["type"] == "too_short" and error["input"]:
        return True
    return any(path[: len(broken)] == broken for broken in document.broken if broken)


def _mistake(path: KeyPath, error: ErrorDetails, document: Document) -> Mistake:
    written = path
    while written not in document.lines:
        written = written[:-1]
    missing = error["type"] == "missing" and written == path[:-1]
    key = path if missing else written
    message = _MESSAGES.get(error["type"], _own_words)(error, key)
    return Mistake(line=document.lines[written], key=shown_path(key), message=message)


def _own_words(error: ErrorDetails, _path: KeyPath) -> str:
    return error["msg"].removeprefix("Value error, ")


def _context(error: ErrorDetails) -> dict[str, Any]:
    return error.get("ctx", {})


def _says(error: ErrorDetails) -> str:
    written = error["input"]
    if isinstance(written, str):
        return f"it says “{shown(written)}”" if written else "it says nothing"
    return "here is a list" if isinstance(written, list) else "here are keys below it"


def _missing(_error: ErrorDetails, path: KeyPath) -> str:
    if path[:-1] == ("lead",):
        return f"is missing; every lead needs it: write {path[-1]}: and the name of its column"
    return f"is missing{_FIXES.get(path, '')}"


_REQUIRED: Final = [field.name for field in LEAD_FIELDS if field.required]

_FIXES: Final[dict[KeyPath, str]] = {
    ("version",): "; write version: 1",
    ("name",): "; give the mapping a short name, which becomes part of the run id",
    ("lead",): f"; it says where {', '.join(_REQUIRED[:-1])} and {_REQUIRED[-1]} come from",
}


def _unknown_key(error: ErrorDetails, path: KeyPath) -> str:
    key, allowed = str(path[-1]), _context(error)["allowed"]
    guess = did_you_mean(key, allowed)
    if _SECRETS.fullmatch(key.casefold().replace("-", "_")) and not guess:
        return (
            "a mapping never holds a server, an organization or a credential; give them on the command line, in the "
            "environment or in importer.toml (see --help)"
        )
    if guess:
        return f"is not a key that belongs here{guess}"
    home = _HOMES.get(key)
    if home:
        return f"belongs to {home}"
    if path[:-1] == ("lead",):
        return f"is no lead field; put it below lead.attributes. The lead fields are {', '.join(LeadSpec.model_fields)}"
    return f"is not a key that belongs here; there are {', '.join(allowed)}"


_HOMES: Final[dict[str, str]] = {
    **dict.fromkeys(PhoneRule.model_fields.keys(), "lead.phone_number"),
    **dict.fromkeys(AttributeRule.model_fields.keys(), "a rule of lead.attributes"),
    **dict.fromkeys(TimeRule.model_fields.keys(), "lead.opt_in_date, or an attribute of type: date or datetime"),
    **dict.fromkeys(LeadSpec.model_fields.keys(), "lead"),
    **dict.fromkeys(["sheet", "header_row", "encoding", "delimiter"], "source"),
    **dict.fromkeys(["user_email", "user_id", "round_robin", "by", "when_blank"], "assign"),
    **dict.fromkeys(["in_file"], "duplicates"),
}
"""Where a key belongs that stands in the wrong place."""


def _choices(error: ErrorDetails, _path: KeyPath) -> str:
    expected = str(_context(error)["expected"]).replace("'", "")
    written = error["input"]
    guess = did_you_mean(written, expected.replace(" or ", ", ").split(", ")) if isinstance(written, str) else ""
    return f"must be {expected}; {_says(error)}{guess}"


def _text(error: ErrorDetails, _path: KeyPath) -> str:
    return f"must be text; {_says(error)}"


def _keys(error: ErrorDetails, path: KeyPath) -> str:
    if isinstance(path[-1] if path else 0, int):
        return f"must be keys with values (- key: value); {_says(error)}"
    return f"must have keys below it (key: value); {_says(error)}"


def _list(error: ErrorDetails, _path: KeyPath) -> str:
    return f"must be a list: begin each line with a dash (- …); {_says(error)}"


def _rule(error: ErrorDetails, _path: KeyPath) -> str:
    return f"must be a column name, or a rule such as {{column: City}}; {_says(error)}"


def _number(error: ErrorDetails, _path: KeyPath) -> str:
    kind = "a whole number" if error["type"].startswith("int") else "a number"
    return f"must be {kind}; {_says(error)}"


def _yes_or_no(error: ErrorDetails, _path: KeyPath) -> str:
    return f"must be true or false; {_says(error)}"


def _too_small(error: ErrorDetails, _path: KeyPath) -> str:
    return f"must be at least {_context(error)['ge']}; {_says(error)}"


def _too_large(error: ErrorDetails, path: KeyPath) -> str:
    if path == ("version",):
        return f"this importer reads version 1; {_says(error)}"
    return f"must be at most {_context(error)['le']}; {_says(error)}"


def _blank(error: ErrorDetails, path: KeyPath) -> str:
    if error["loc"][-1] == "[key]":
        return "needs a name"
    if path and path[0] == "lead" and error["loc"][-1] == "column":
        return "is blank; name a column, or remove the line"
    return "is blank"


def _nothing_in_it(_error: ErrorDetails, _path: KeyPath) -> str:
    return "has nothing in it; write at least one, or remove the line"


def _too_long(error: ErrorDetails, _path: KeyPath) -> str:
    return f"has {len(error['input'])} characters; at most {_context(error)['max_length']} are possible"


def _name(error: ErrorDetails, _path: KeyPath) -> str:
    allowed = (
        "may have up to 64 letters (a to z), digits, dots, dashes and underscores, and begins with a letter or digit"
    )
    return f"{allowed}; {_says(error)}"


_MESSAGES: Final[dict[str, Callable[[ErrorDetails, KeyPath], str]]] = {
    "missing": _missing,
    UNKNOWN_KEY: _unknown_key,
    "literal_error": _choices,
    "enum": _choices,
    "string_type": _text,
    "model_type": _keys,
    "dict_type": _keys,
    "tuple_type": _list,
    "union_tag_not_found": _rule,
    "int_parsing": _number,
    "int_type": _number,
    "int_from_float": _number,
    "float_parsing": _number,
    "float_type": _number,
    "finite_number": _number,
    "bool_parsing": _yes_or_no,
    "bool_type": _yes_or_no,
    "greater_than_equal": _too_small,
    "less_than_equal": _too_large,
    "string_too_short": _blank,
    "too_short": _nothing_in_it,
    "string_too_long": _too_long,
    "string_pattern_mismatch": _name,
}

"""The errors that pydantic finds in a mapping file, in plain words and with their lines."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

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
"""Keys of what a mapping never holds."""


def mistakes_of(errors: list[ErrorDetails], document: Document) -> list[Mistake]:
    """Every error as a mistake, except those that follow from another one."""
    mistakes = []
    for error in errors:
        path = tuple(step for step in error["loc"] if step not in _ADDED_BY_PYDANTIC)
        # A list is short of elements that are wrong themselves; what is wrong YAML cannot be right.
        is_short = error["type"] == "too_short" and error["input"]
        if is_short or any(path[: len(broken)] == broken for broken in document.broken if broken):
            continue
        written = path
        while written not in document.lines:
            written = written[:-1]
        missing = error["type"] == "missing" and written == path[:-1]
        key = path if missing else written
        mistakes.append(Mistake(line=document.lines[written], key=shown_path(key), message=_message(error, key)))
    return mistakes


def _message(error: ErrorDetails, path: KeyPath) -> str:
    if error["type"] in _MUST:
        return f"{_MUST[error['type']]}; {_found(error)}"
    if error["type"] in _MESSAGES:
        return _MESSAGES[error["type"]](error, path)
    return error["msg"].removeprefix("Value error, ")


def _found(error: ErrorDetails) -> str:
    """What the file has in this place."""
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
    key, allowed = str(path[-1]), error["ctx"]["allowed"]
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
"""Where a key belongs that was written in the wrong place."""


def _choices(error: ErrorDetails, _path: KeyPath) -> str:
    expected = str(error["ctx"]["expected"]).replace("'", "")
    written = error["input"]
    guess = did_you_mean(written, expected.replace(" or ", ", ").split(", ")) if isinstance(written, str) else ""
    return f"must be {expected}; {_found(error)}{guess}"


def _keys(error: ErrorDetails, path: KeyPath) -> str:
    if isinstance(path[-1] if path else 0, int):
        return f"must be keys with values (- key: value); {_found(error)}"
    return f"must have keys below it (key: value); {_found(error)}"


def _too_small(error: ErrorDetails, _path: KeyPath) -> str:
    return f"must be at least {error['ctx']['ge']}; {_found(error)}"


def _too_large(error: ErrorDetails, path: KeyPath) -> str:
    if path == ("version",):
        return f"this importer reads version 1; {_found(error)}"
    return f"must be at most {error['ctx']['le']}; {_found(error)}"


def _blank(error: ErrorDetails, path: KeyPath) -> str:
    if error["loc"][-1] == "[key]":
        return "needs a name"
    if path and path[0] == "lead" and error["loc"][-1] == "column":
        return "is blank; name a column, or remove the line"
    return "is blank"


def _too_long(error: ErrorDetails, _path: KeyPath) -> str:
    return f"has {len(error['input'])} characters; at most {error['ctx']['max_length']} are possible"


_MUST: Final = {
    "string_type": "must be text",
    "tuple_type": "must be a list: begin each line with a dash (- …)",
    "union_tag_not_found": "must be a column name, or a rule such as {column: City}",
    **dict.fromkeys(["int_parsing", "int_type", "int_from_float"], "must be a whole number"),
    **dict.fromkeys(["float_parsing", "float_type", "finite_number"], "must be a number"),
    **dict.fromkeys(["bool_parsing", "bool_type"], "must be true or false"),
    "string_pattern_mismatch": "may have up to 64 letters (a to z), digits, dots, dashes and underscores, and begins "
    "with a letter or digit",
}
"""What an error of pydantic means, before what the file has instead."""

_MESSAGES: Final[dict[str, Callable[[ErrorDetails, KeyPath], str]]] = {
    "missing": _missing,
    UNKNOWN_KEY: _unknown_key,
    "literal_error": _choices,
    "enum": _choices,
    "model_type": _keys,
    "dict_type": _keys,
    "greater_than_equal": _too_small,
    "less_than_equal": _too_large,
    "string_too_short": _blank,
    "string_too_long": _too_long,
    "too_short": lambda _error, _path: "has nothing in it; write at least one, or remove the line",
}

"""The checks of one target: the rules of the field table, and those of the mapping.

A check looks at a whole column. It never raises, and a blank passes every check but the required ones. All patterns are
RE2 (Arrow's engine): linear in the length of the text whatever it holds, so no cell can make a check slow.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pandas as pd
import pyarrow.compute as pc

from importer.model.batch import Place, Target
from importer.model.fields import FIELDS_BY_NAME, USER_EMAIL_MAX_LENGTH, FieldKind, LeadField
from importer.model.mapping import AssignSpec, Mapping
from importer.model.rules import Rule, ValueType
from importer.model.texts import large_texts
from importer.model.whitespace import text_key

if TYPE_CHECKING:
    import collections.abc
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    Passes = Callable[[pd.Series[str]], pd.Series[bool]]

_LABEL: Final = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"

EMAIL: Final = rf"[a-zA-Z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_LABEL}(?:\.{_LABEL})*"
"""A valid e-mail address by the HTML standard, section 4.10.5.1.5 (the pattern of `<input type=email>`)."""

E164: Final = r"\+[1-9][0-9]{1,14}"
"""ITU-T E.164: at most 15 digits, no leading zero; it names no least number of digits."""

EPOCH: Final = r"-?[0-9]{1,18}"
"""Whole seconds or milliseconds that fit the contract's int64."""

NUMBER: Final = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"

UUID: Final = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
"""RFC 9562, section 4, in either case."""

URL: Final = r"[hH][tT][tT][pP][sS]?://[^\s/?#@\\]+(?:[/?#][^\s\\]*)?"
"""An absolute web address with a host (RFC 3986, section 3), without user information and spaces."""

NAMED: Final[collections.abc.Mapping[str, tuple[str, str]]] = {
    "email": (EMAIL, "is not an e-mail address"),
    "e164": (E164, "is not a number such as +919876543210"),
    "url": (URL, "is not a web address such as https://x.example"),
    "digits": (r"[0-9]+", "does not consist of digits only"),
    "uuid": (UUID, "is not a UUID"),
}
"""The words of `matches`: what the whole text must look like, and the message about one that does not."""

_CONTROL: Final = r"\p{Cc}"
_CONTROL_BUT_LAYOUT: Final = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F]"
"""Attributes may hold tabs and line breaks, because a note can have several lines."""

_USER_ID: Final = r"[^\s\p{C}\p{Z}]+"
"""The contract says only that it is a text; no id has spaces or invisible characters."""

_SCIENTIFIC: Final = r"(?:\A|[^0-9A-Za-z.,+])[0-9](?:[.,][0-9]+)?E\+[0-9]{2,3}(?:\z|[^0-9A-Za-z])"
"""An id that lost digits (`7.39E+07`). Amounts may be written like this, and some ids hold `E5`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`passes` says which texts of a column are right; `detail` says what is wrong with one that is not.

    `need` is who requires a value, for a check that a blank fails.
    """

    code: str
    passes: Passes
    detail: str | Callable[[str], str]
    need: str = ""


def checks_of(target: Target, mapping: Mapping) -> tuple[Check, ...]:
    """Every check of a target, in the order of their problems.

    One for each code: the mapping's check takes the place of the field's own.
    """
    own = _own_checks(target, mapping)
    required_already = any(check.code.endswith("-missing") for check in own)
    of_rule = _rule_checks(target.rule, target.type, required_already=required_already) if target.rule else ()
    return tuple({check.code: check for check in (*own, *of_rule)}.values())


def _own_checks(target: Target, mapping: Mapping) -> list[Check]:
    if target.place is Place.LEAD:
        follow_ups = mapping.assign is not None or bool(mapping.events)
        return list(_lead_checks(FIELDS_BY_NAME[target.path[0]], follow_ups=follow_ups))
    if target.place is Place.ASSIGN and mapping.assign is not None:
        return [_owner_check(mapping.assign)]
    return [_control_characters(_CONTROL_BUT_LAYOUT)]


def _lead_checks(field: LeadField, *, follow_ups: bool) -> Iterator[Check]:
    if field.required:
        yield _required(f"{field.slug}-missing", f"every lead needs a {field.name}")
    if field.max_length is not None:
        yield _max_length(f"{field.slug}-too-long", field.max_length, "the CRM takes")
    if not field.asterisk_allowed:
        yield _without(f"{field.slug}-asterisk", r"\*", "contains an asterisk, which the CRM refuses in names")
    if field.kind is FieldKind.PHONE:
        yield _whole("phone-invalid", E164, "is not a number such as +919876543210")
    if field.kind is FieldKind.EPOCH:
        yield _whole("date-invalid", EPOCH, "is not a whole number of seconds or milliseconds")
    if field.matches is not None:
        yield _whole(f"{field.matches}-invalid", *NAMED[field.matches])
    yield _control_characters(_CONTROL)
    if field.name == "crm_id":
        yield _without("digits-lost", _SCIENTIFIC, "was shortened by a spreadsheet; its last digits are lost")
        # What an id must be to stand in `/leads/{id}/…`: clients and servers resolve dots and refuse these characters.
        yield _without("crm-id-dots", r"\A\.\.?\z", "cannot be part of a URL")
        if follow_ups:
            detail = "is not safe in a URL, so its assignment and events wait for its lead_id"
            yield _without("crm-id-in-address", rf"[/\\;%]|\A{UUID}\z", detail)


def _owner_check(assign: AssignSpec) -> Check:
    """An id or an e-mail address, as the mapping says; it may name either where it looks the owner up."""
    if assign.user_id is not None:
        return _whole("owner-invalid", _USER_ID, "is not a user's id")

    def passes(texts: pd.Series[str]) -> pd.Series[bool]:
        right = _holds(texts, rf"\A(?:{EMAIL})\z") & (texts.str.len() <= USER_EMAIL_MAX_LENGTH)
        return right | _holds(texts, rf"\A{_USER_ID}\z") & ~_holds(texts, "@") if assign.by is not None else right

    return _optional("owner-invalid", passes, f"is not an e-mail address of at most {USER_EMAIL_MAX_LENGTH} characters")


def _rule_checks(rule: Rule, kind: ValueType, *, required_already: bool) -> Iterator[Check]:
    if rule.required and not required_already:
        yield _required("value-missing", "the mapping requires it")
    if rule.one_of is not None:
        yield _one_of(rule.one_of, kind)
    if (least := rule.min_length) is not None:
        detail = f"the mapping requires {least}"
        yield _optional("value-too-short", lambda texts: texts.str.len() >= least, _count_and(detail))
    if rule.max_length is not None:
        yield _max_length("value-too-long", rule.max_length, "the mapping allows")
    if rule.matches is not None:
        yield _whole(f"{rule.matches}-invalid", *NAMED[rule.matches])
    if rule.pattern is not None:
        detail = f"is not {rule.pattern_says}" if rule.pattern_says else f"does not match the pattern {rule.pattern}"
        yield _whole("pattern-mismatch", rule.pattern, detail)
    yield from _limit_checks(rule.minimum, rule.maximum)


def _limit_checks(minimum: float | None, maximum: float | None) -> Iterator[Check]:
    if minimum is not None or maximum is not None:
        yield _whole("number-invalid", NUMBER, "is not a number")
    if minimum is not None:
        detail = f"is below {_plain(minimum)}, the mapping's minimum"
        yield _optional("value-too-small", lambda texts: ~(_numbers(texts) < minimum), detail)
    if maximum is not None:
        detail = f"is above {_plain(maximum)}, the mapping's maximum"
        yield _optional("value-too-large", lambda texts: ~(_numbers(texts) > maximum), detail)


def _required(code: str, need: str) -> Check:
    return Check(code=code, passes=lambda texts: texts != "", detail=f"is blank, but {need}", need=need)


def _optional(code: str, passes: Passes, detail: str | Callable[[str], str]) -> Check:
    """A check that a blank passes."""
    return Check(code=code, passes=lambda texts: (texts == "") | passes(texts), detail=detail)


def _whole(code: str, pattern: str, detail: str) -> Check:
    r"""The whole text is the pattern, from its first to its last character (a final line break counts), or blank."""
    return Check(code=code, passes=lambda texts: _holds(texts, rf"\A(?:{pattern})?\z"), detail=detail)


def _without(code: str, pattern: str, detail: str | Callable[[str], str]) -> Check:
    """The pattern is nowhere in the text."""
    return Check(code=code, passes=lambda texts: ~_holds(texts, pattern), detail=detail)


def _control_characters(pattern: str) -> Check:
    def detail(text: str) -> str:
        points = [f"U+{ord(character):04X}" for character in text if character < " " or "\x7f" <= character < "\xa0"]
        return f"contains invisible control characters ({', '.join(dict.fromkeys(points))})"

    return _without("control-characters", pattern, detail)


def _max_length(code: str, limit: int, who: str) -> Check:
    return Check(code=code, passes=lambda texts: texts.str.len() <= limit, detail=_count_and(f"{who} {limit}"))


def _one_of(words: tuple[str, ...], kind: ValueType) -> Check:
    """One of the words, exactly; of a list, every member."""
    if kind is ValueType.LIST:
        allowed = set(words)

        def members_allowed(texts: pd.Series[str]) -> pd.Series[bool]:
            return pd.Series([allowed.issuperset(json.loads(text or "[]")) for text in texts], texts.index, dtype=bool)

        return _optional("value-not-allowed", members_allowed, f"has items that are not among {', '.join(words)}")

    by_key = {text_key(word): word for word in words}

    def detail(text: str) -> str:
        if alike := by_key.get(text_key(text)):
            return f"is not written exactly like “{alike}”, which is allowed: case, spaces or characters differ"
        return f"is not one of {', '.join(words)}"

    return _optional("value-not-allowed", lambda texts: texts.isin(words), detail)


def _holds(texts: pd.Series[str], pattern: str) -> pd.Series[bool]:
    found: pa.BooleanArray = pc.match_substring_regex(large_texts(texts), pattern)
    return pd.Series(found.to_numpy(zero_copy_only=False), index=texts.index, dtype=bool)


def _numbers(texts: pd.Series[str]) -> pd.Series[float]:
    """The numbers, and NaN (which is neither below nor above anything) for other texts."""
    return texts.where(_holds(texts, rf"\A(?:{NUMBER})\z"), "nan").astype("float64")


def _plain(number: float) -> str:
    return str(int(number)) if number.is_integer() else str(number)


def _count_and(limit: str) -> Callable[[str], str]:
    """`has 140 characters; the CRM takes 128`."""
    return lambda text: f"has {'1 character' if len(text) == 1 else f'{len(text)} characters'}; {limit}"

"""The checks of one target: the field table's own rules, and those that the mapping asks for.

A check is a question to a whole column. It never raises, and a blank passes every check but the required ones.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import pandas as pd

from importer.model.batch import Place, Target
from importer.model.fields import FIELDS_BY_NAME, USER_EMAIL_MAX_LENGTH, FieldKind, LeadField
from importer.model.mapping import AssignSpec, Mapping
from importer.model.rules import Rule, ValueType
from importer.model.whitespace import text_key
from importer.validating import patterns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CONTROL: Final = r"\p{Cc}"
_CONTROL_BUT_LAYOUT: Final = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F]"
"""Attributes may hold tabs and line breaks: a note of several lines is honest text."""

_USER_ID: Final = r"[^\s\p{C}\p{Z}]+"
"""The contract says only that it is a text; blanks and invisible characters are in no id."""

_SCIENTIFIC: Final = r"(?:\A|[^0-9A-Za-z.,+])[0-9](?:[.,][0-9]+)?E\+[0-9]{2,3}(?:\z|[^0-9A-Za-z])"
"""Where digits of an id are gone (`7.39E+07`). Numbers of an amount may be written so, and some ids hold `E5`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One question to a column: `passes` says for each text whether it holds; `detail` says (of a text) why not.

    `clears`, where there is one, is a cheaper question: if it is answered with yes, every text of the column passes.
    `need` says why a blank is wrong, where one is.
    """

    code: str
    passes: Callable[[pd.Series[str]], pd.Series[bool]]
    detail: str | Callable[[str], str]
    clears: Callable[[pd.Series[str]], bool] | None = None
    need: str = ""


def checks_of(target: Target, mapping: Mapping) -> list[Check]:
    """Every check of a target, in the order in which their problems are told."""
    own = _own_checks(target, mapping)
    return own + _rule_checks(target, required_already=any(check.code.endswith("-missing") for check in own))


def _own_checks(target: Target, mapping: Mapping) -> list[Check]:
    if target.place is Place.LEAD:
        follow_ups = mapping.assign is not None or bool(mapping.events)
        return list(_lead_checks(FIELDS_BY_NAME[target.path[0]], follow_ups=follow_ups))
    if target.place is Place.ASSIGN and mapping.assign is not None:
        return list(_owner_checks(mapping.assign))
    return [_control_characters(_CONTROL_BUT_LAYOUT)]


def _lead_checks(field: LeadField, *, follow_ups: bool) -> Iterator[Check]:
    if field.required:
        yield _required(f"{field.slug}-missing", f"every lead needs a {field.name}")
    if field.max_length is not None:
        yield _max_length(f"{field.slug}-too-long", field.max_length, "the CRM takes")
    if not field.asterisk_allowed:
        detail = "contains an asterisk, which the CRM refuses in names"
        asterisk = _check(f"{field.slug}-asterisk", lambda texts: ~patterns.contains(texts, "*"), detail)
        yield replace(asterisk, clears=lambda texts: patterns.free_of(texts, b"*"))
    if field.kind is FieldKind.PHONE:
        number = _whole("phone-invalid", patterns.E164, "is not a number such as +919876543210")
        yield replace(number, clears=patterns.all_e164)
    if field.kind is FieldKind.EPOCH:
        moment = _whole("date-invalid", patterns.EPOCH, "is not a whole number of seconds or milliseconds")
        yield replace(moment, clears=patterns.all_epochs)
    if field.matches is not None:
        yield _whole(f"{field.matches}-invalid", *patterns.NAMED[field.matches])
    yield _control_characters(_CONTROL)
    if field.name == "crm_id":
        lost = _without("digits-lost", _SCIENTIFIC, "was shortened by a spreadsheet; its last digits are lost")
        yield replace(lost, clears=lambda texts: patterns.free_of(texts, b"+"))
        yield from _address_checks(follow_ups=follow_ups)


def _address_checks(*, follow_ups: bool) -> Iterator[Check]:
    """What an id must be to stand in `/leads/{id}/…`: clients and servers resolve dots and refuse these characters."""
    dots = _without("crm-id-dots", r"\A\.\.?\z", "cannot be part of a URL")
    yield replace(dots, clears=lambda texts: patterns.free_of(texts, b"."))
    if follow_ups:
        detail = "is not safe in a URL, so its assignment and events wait for its lead_id"
        unsafe = _without("crm-id-in-address", rf"[/\\;%]|\A{patterns.UUID}\z", detail)
        yield replace(unsafe, clears=_is_safe_in_addresses)


def _is_safe_in_addresses(texts: pd.Series[str]) -> bool:
    return patterns.free_of(texts, rb"/\;%") and patterns.UUID_LENGTH not in patterns.byte_lengths(texts)


def _owner_checks(assign: AssignSpec) -> Iterator[Check]:
    if assign.user_id is not None:
        yield _whole("owner-invalid", _USER_ID, "is not a user's id")
    else:
        detail = f"is not an e-mail address of at most {USER_EMAIL_MAX_LENGTH} characters"
        yield _check("owner-invalid", lambda texts: _users(texts, ids_too=assign.by is not None), detail)


def _users(texts: pd.Series[str], *, ids_too: bool) -> pd.Series[bool]:
    """Which texts are e-mail addresses, or ids where the mapping may name either."""
    codes, users = pd.factorize(texts)
    distinct = pd.Series(users, dtype="str")
    right = patterns.matches(distinct, patterns.EMAIL) & (distinct.str.len() <= USER_EMAIL_MAX_LENGTH)
    if ids_too:
        right |= patterns.matches(distinct, _USER_ID) & ~patterns.holds(distinct, "@")
    return pd.Series(right.to_numpy()[codes], index=texts.index, dtype=bool)


def _rule_checks(target: Target, *, required_already: bool) -> list[Check]:
    rule = target.rule
    if rule is None:
        return []
    checks = []
    if rule.required and not required_already:
        checks.append(_required("value-missing", "the mapping requires it"))
    if rule.one_of is not None:
        checks.append(_one_of(rule.one_of, target.type))
    if rule.min_length is not None:
        checks.append(_min_length(rule.min_length))
    if rule.max_length is not None:
        checks.append(_max_length("value-too-long", rule.max_length, "the mapping allows"))
    if rule.matches is not None:
        checks.append(_whole(f"{rule.matches}-invalid", *patterns.NAMED[rule.matches]))
    return checks + _limit_checks(rule)


def _limit_checks(rule: Rule) -> list[Check]:
    checks = []
    if rule.minimum is not None or rule.maximum is not None:
        checks.append(_whole("number-invalid", patterns.NUMBER, "is not a number"))
    if (minimum := rule.minimum) is not None:
        detail = f"is below {_plain(minimum)}, the mapping's minimum"
        checks.append(_check("value-too-small", lambda texts: ~(_numbers(texts) < minimum), detail))
    if (maximum := rule.maximum) is not None:
        detail = f"is above {_plain(maximum)}, the mapping's maximum"
        checks.append(_check("value-too-large", lambda texts: ~(_numbers(texts) > maximum), detail))
    return checks


def _required(code: str, need: str) -> Check:
    return Check(code=code, passes=lambda texts: texts != "", detail=f"is blank, but {need}", need=need)


def _check(code: str, passes: Callable[[pd.Series[str]], pd.Series[bool]], detail: str | Callable[[str], str]) -> Check:
    """A check that a blank passes."""
    return Check(code=code, passes=lambda texts: (texts == "") | passes(texts), detail=detail)


def _whole(code: str, pattern: str, detail: str) -> Check:
    return _check(code, lambda texts: patterns.matches(texts, pattern), detail)


def _without(code: str, pattern: str, detail: str) -> Check:
    """No text holds the pattern."""
    return _check(code, lambda texts: ~patterns.holds(texts, pattern), detail)


def _control_characters(pattern: str) -> Check:
    def detail(text: str) -> str:
        points = [f"U+{ord(character):04X}" for character in text if character < " " or "\x7f" <= character < "\xa0"]
        return f"contains invisible control characters ({', '.join(dict.fromkeys(points))})"

    return Check(
        code="control-characters",
        passes=lambda texts: ~patterns.holds(texts, pattern),
        detail=detail,
        clears=lambda texts: patterns.free_of_controls(texts, layout_allowed=pattern == _CONTROL_BUT_LAYOUT),
    )


def _min_length(limit: int) -> Check:
    return Check(
        code="value-too-short",
        passes=lambda texts: (texts == "") | (texts.str.len() >= limit),
        detail=lambda text: f"has {_characters(len(text))}; the mapping requires {limit}",
    )


def _max_length(code: str, limit: int, who: str) -> Check:
    return Check(
        code=code,
        passes=lambda texts: texts.str.len() <= limit,
        detail=lambda text: f"has {_characters(len(text))}; {who} {limit}",
        clears=lambda texts: patterns.byte_lengths(texts).max(initial=0) <= limit,
    )


def _one_of(words: tuple[str, ...], kind: ValueType) -> Check:
    """One of the words, exactly; of a list, every member."""

    def members(texts: pd.Series[str]) -> pd.Series[bool]:
        allowed = set(words)
        return pd.Series([not text or allowed.issuperset(json.loads(text)) for text in texts], texts.index, dtype=bool)

    by_key = {text_key(word): word for word in words}

    def detail(text: str) -> str:
        if alike := by_key.get(text_key(text)):
            return f"is not written exactly like “{alike}”, which is allowed: case, spaces or characters differ"
        return f"is not one of {', '.join(words)}"

    if kind is ValueType.LIST:
        return _check("value-not-allowed", members, f"has items that are not among {', '.join(words)}")
    return _check("value-not-allowed", lambda texts: texts.isin(words), detail)


def _numbers(texts: pd.Series[str]) -> pd.Series[float]:
    """The numbers, and NaN (which is neither below nor above anything) for other texts."""
    codes, distinct = pd.factorize(texts)
    words = pd.Series(distinct, dtype="str")
    numbers = words.where(patterns.matches(words, patterns.NUMBER), "nan").astype("float64")
    return pd.Series(numbers.to_numpy()[codes], index=texts.index)


def _plain(number: float) -> str:
    return str(int(number)) if number.is_integer() else str(number)


def _characters(count: int) -> str:
    return "1 character" if count == 1 else f"{count} characters"

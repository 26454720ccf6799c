"""The verdict table: status × body → what to do, for each of the three endpoints.

Sources: the contract for the documented answers; docs/reliability.md for the reasoning behind each line. What is not
listed is in doubt and stops the run if other rows get it too: stopping loses nothing, guessing might.
"""

import json
import re
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from importer.crm.conflict_or_throttle import (
    Fingerprint,
    Meaning,
    fingerprint,
    meaning_of,
    values_sent,
    without_values,
)
from importer.crm.endpoints import ENDPOINTS
from importer.crm.observation import Answer, NoAnswer, Observation
from importer.crm.rate_limiter import budget_used_up_for, retry_after
from importer.crm.verdict import Action, Ending, Stop, Streak, Verdict
from importer.exit_codes import ExitCode
from importer.model.operation import Call

DOUBT_TRIES: Final = 4
"""One attempt and three retries for a call that may have had effect."""

CONTENT_REFUSED: Final = frozenset({400, 413, 414, 415, 422, 431})
ONE_OF_MANY: Final = frozenset({421, 425})
"""A server behind the gateway refused the request."""

_APART: Final = 2.0
"""Seconds before a request that may be refused for the whole run is retried."""

_AFTER_OTHERS: Final = 11.0
"""Seconds before a row is retried that may be refused for itself: five others, `_APART` from each other, go first."""

_CREDENTIAL_TIP: Final = "Check the credential and the organization. To continue this run: importer resume"
_ENDPOINT_TIP: Final = "Check --base-url and the organization. To continue this run: importer resume"


def judge(seen: Observation, call: Call, learnt: Fingerprint | None = None) -> Verdict:
    """What to do after one attempt of a call. Never raises, whatever the server sends."""
    if isinstance(seen, NoAnswer):
        return _judge_silence(seen)
    by_endpoint = (
        _judge_create(seen, call, learnt) if ENDPOINTS[call.operation.kind].names_lead else _judge_follow_up(seen, call)
    )
    verdict = by_endpoint or _judge_any(seen)
    used_up = budget_used_up_for(seen)
    if used_up is None:
        return verdict
    if verdict.action in (Action.THROTTLE, Action.UNCLEAR):
        return verdict if verdict.wait is not None else replace(verdict, wait=used_up)
    return replace(verdict, pause=used_up)


def _judge_silence(seen: NoAnswer) -> Verdict:
    if seen.certificate or seen.forbidden or seen.refused_by_proxy:
        return _not_let_through(seen)
    if not seen.sent:
        return Verdict(action=Action.RETRY, message=seen.reason, outage=True)
    return Verdict(
        action=Action.DOUBT,
        message=f"no answer: {seen.reason}",
        possibly_sent=True,
        outage=True,
        tries=DOUBT_TRIES,
        ending=Ending.UNKNOWN,
    )


def _not_let_through(seen: NoAnswer) -> Verdict:
    what, tip = (
        "the server may not be reached at this address",
        "Check --base-url and how its name is resolved, and --proxy if there is one. --allow-private allows a server "
        "or a proxy in a private network.",
    )
    if seen.certificate:
        what = "the server's certificate cannot be verified"
        tip = "Check --base-url and the network; --ca-file adds a CA of your own. Verification cannot be turned off."
    elif seen.refused_by_proxy:
        what = "the proxy refuses connections to this server"
        tip = "Check the user name and the password in --proxy, and ask its administrator to allow this server."
    stop = Stop(exit_code=ExitCode.STOPPED_BY_CRM, reason=f"{what} ({seen.reason})", tip=tip)
    return Verdict(action=Action.STOP, message=seen.reason, stop=stop)


def _judge_create(seen: Answer, call: Call, learnt: Fingerprint | None) -> Verdict | None:
    match seen.status:
        case status if 200 <= status < 300 and seen.names_an_error:
            return _unproven(seen)
        case status if status in ENDPOINTS[call.operation.kind].accepted:
            return _judge_create_accepted(seen, call)
        case 429 | 409:
            return _judge_refused(seen, call, learnt)
        case 404 if seen.is_error_document:
            return _row_or_run(seen, "org-not-found", 2, "the organization was not found", _ENDPOINT_TIP)
    return None


def _judge_create_accepted(seen: Answer, call: Call) -> Verdict:
    document = seen.document or {}
    lead_id, echoed = document.get("lead_id"), document.get("crm_id", call.crm_id)
    if not (isinstance(lead_id, str) and lead_id and isinstance(echoed, str)):
        return _unproven(seen)
    if echoed.strip().casefold() != call.crm_id.strip().casefold():
        reason = f"the answer to the create of {call.crm_id!r} is about another lead ({echoed!r})"
        stop = Stop(
            exit_code=ExitCode.CONTRACT_BROKEN, reason=reason, tip="A cache or proxy may be mixing up responses."
        )
        return _verdict(seen, Action.STOP, reason, possibly_sent=True, ending=Ending.UNKNOWN, stop=stop)
    return _verdict(seen, Action.ACCEPT, "", lead_id=lead_id, warnings=_echo_warnings(call.operation.body, document))


def _echo_warnings(body: bytes, answer: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """(problem code, detail) for each way in which the answer to a create differs from its body."""
    sent: dict[str, Any] = json.loads(body)
    warnings = []
    if (echoed := answer.get("crm_id", sent["crm_id"])) != sent["crm_id"]:
        warnings.append(("crm-id-normalised", f"the CRM calls it {echoed!r}"))
    # A field that the answer leaves out is no difference.
    echoed_fields = sent.keys() & answer.keys() - {"crm_id", "attributes"}
    differing = [name for name in sent if name in echoed_fields and answer[name] != sent[name]]
    stored = answer.get("attributes")
    if isinstance(stored, dict):
        differing += [f"attributes.{name}" for name, value in sent["attributes"].items() if stored.get(name) != value]
    if differing:
        warnings.append(("echo-mismatch", f"the CRM stored another value for {', '.join(differing)}"))
    return tuple(warnings)


def _judge_refused(seen: Answer, call: Call, learnt: Fingerprint | None) -> Verdict:
    values = values_sent(call)
    meaning = meaning_of(seen, call.crm_id, learnt, values)
    match meaning:
        case Meaning.DUPLICATE:
            return _verdict(seen, Action.EXISTS, _quoted(seen))
        case Meaning.OTHER_RULE:
            return _verdict(seen, Action.REJECT, f"the CRM refused it: {_quoted(seen)}")
        case Meaning.THROTTLE:
            return _throttled(seen)
    return _verdict(
        seen,
        Action.UNCLEAR,
        f"{seen.status} whose meaning is unclear: {_quoted(seen)}",
        wait=max(5.0, retry_after(seen) or 0.0),
        tries=3,
        ending=Ending.UNKNOWN,
        shape=fingerprint(seen, call.crm_id, values),
        likely=meaning is Meaning.LIKELY,
    )


def _judge_follow_up(seen: Answer, call: Call) -> Verdict | None:
    match seen.status:
        case status if status in ENDPOINTS[call.operation.kind].accepted and not seen.names_an_error:
            return _verdict(seen, Action.ACCEPT, "")
        case status if 200 <= status < 300:
            return _unproven(seen)
        case 429:
            return _throttled(seen)
        case 404 if seen.is_error_document and _is_about_org(_own_words(seen, call)):
            return _row_or_run(seen, "org-not-found", 2, "the organization was not found", _ENDPOINT_TIP)
        case 404 if seen.is_error_document and _is_about_user(_own_words(seen, call)):
            return _verdict(seen, Action.REJECT, f"the CRM refused it: {_quoted(seen)}")
        case 404 if seen.is_error_document:
            # The create was answered, so the lead exists: a reader behind the writer shows it a little later.
            wait = float(2 ** min(call.attempts - 1, 3))
            message = f"lead not found, although it was created: {_quoted(seen)}"
            return _verdict(seen, Action.RETRY, message, wait=wait, tries=5, ending=Ending.REJECTED)
    return None


def _judge_any(seen: Answer) -> Verdict:
    """What all endpoints share."""
    match seen.status:
        case status if status in CONTENT_REFUSED:
            stop = _crm_stop(seen, "the CRM refused the first 20 rows", "Check the mapping; see results.csv.")
            streak = Streak(name="all-rejected", limit=20, stop=stop, from_start=True)
            return _verdict(seen, Action.REJECT, f"the CRM refused it: {_quoted(seen)}", streak=streak)
        case 401:
            # Retried once, so that a hiccup of an authentication service does not stop an overnight run.
            stop = _crm_stop(seen, "the credential was refused", _CREDENTIAL_TIP)
            streak = Streak(name="unauthorized", limit=2, stop=stop, apart=_APART)
            message = f"the credential was refused: {_quoted(seen)}"
            return _verdict(seen, Action.RETRY, message, wait=_APART, streak=streak)
        case 403 if seen.is_error_document:
            return _row_or_run(seen, "forbidden", 3, "the credential has no permission", _CREDENTIAL_TIP)
        case 403:
            return _row_or_run(seen, "blocked", 3, "blocked by a gateway", _ENDPOINT_TIP)
        case 404:
            return _refused_by_a_gateway(seen, Action.RETRY, f"no such address: {_quoted(seen)}")
        case status if status in ONE_OF_MANY:
            return _refused_by_a_gateway(seen, Action.DOUBT, _quoted(seen))
        case 408:
            return _in_doubt(seen, outage=False)
        case status if 500 <= status < 600 and status not in (501, 505):
            return _in_doubt(seen, outage=True)
    where = f"it redirects to {_host(seen)}" if 300 <= seen.status < 400 else "this is not the Leads API's answer"
    reason = f"the server answers {seen.status}: {where}"
    # It is not documented that such an answer had no effect.
    return _row_or_run(seen, f"status-{seen.status}", 2, reason, _ENDPOINT_TIP, action=Action.DOUBT)


def _verdict(seen: Answer, action: Action, message: str, **rest: Any) -> Verdict:
    known = {
        "possibly_sent": {Action.ACCEPT: False, Action.DOUBT: True}.get(action),
        "http_status": seen.status,
        "error_code": seen.error_code,
    }
    return Verdict(action=action, message=message, **{**known, **rest})


def _throttled(seen: Answer) -> Verdict:
    return _verdict(seen, Action.THROTTLE, f"throttled: {_quoted(seen)}", wait=retry_after(seen))


def _in_doubt(seen: Answer, *, outage: bool) -> Verdict:
    wait = retry_after(seen)
    return _verdict(
        seen, Action.DOUBT, _quoted(seen), outage=outage, wait=wait, tries=DOUBT_TRIES, ending=Ending.UNKNOWN
    )


def _unproven(seen: Answer) -> Verdict:
    """A 2xx whose body proves nothing: a login page, a captive portal, a truncated answer."""
    reason = "this endpoint does not answer like the Leads API"
    streak = Streak(name="unproven", limit=2, stop=_crm_stop(seen, reason, _ENDPOINT_TIP), of_rows=True)
    message = f"{seen.status} without proof that it worked: {_quoted(seen)}"
    return _verdict(seen, Action.DOUBT, message, outage=True, tries=2, ending=Ending.UNKNOWN, streak=streak)


def _row_or_run(
    seen: Answer, name: str, limit: int, reason: str, tip: str, *, action: Action = Action.RETRY
) -> Verdict:
    """A refusal of this row or of all: other rows are tried before the run stops or the row is given up."""
    # A refusal without effect may be a hiccup of the service that looks up permissions.
    apart = _APART if action is Action.RETRY else 0.0
    streak = Streak(name=name, limit=limit, stop=_crm_stop(seen, reason, tip), apart=apart, of_rows=True)
    return _verdict(
        seen,
        action,
        f"{reason if name == 'blocked' else 'the CRM refused it'}: {_quoted(seen)}",
        wait=_AFTER_OTHERS,
        tries=2,
        ending=Ending.REJECTED,
        streak=streak,
    )


def _refused_by_a_gateway(seen: Answer, action: Action, message: str) -> Verdict:
    """An outage, if other rows get it too."""
    streak = Streak(name="gateway", of_rows=True)
    return _verdict(seen, action, message, outage=True, wait=_APART, tries=4, ending=Ending.REJECTED, streak=streak)


def _crm_stop(seen: Answer, reason: str, tip: str) -> Stop:
    return Stop(exit_code=ExitCode.STOPPED_BY_CRM, reason=f"{reason} ({_quoted(seen)})", tip=tip)


def _quoted(seen: Answer) -> str:
    """The status and the server's own words."""
    return f"{seen.status} {seen.error_text}".strip()


def _own_words(seen: Answer, call: Call) -> str:
    """The server's words without those of the request, in lower case."""
    return without_values(seen.error_text, call.crm_id, values_sent(call)).casefold()


def _is_about_org(words: str) -> bool:
    return bool(re.search(r"\borg(ani[sz]ation)?\b", words)) and not re.search(r"\b(lead|user|owner)", words)


def _is_about_user(words: str) -> bool:
    """Then waiting for the lead does not help."""
    return bool(re.search(r"\b(user|owner|assignee|agent)s?\b", words)) and not re.search(r"\bleads?\b", words)


def _host(seen: Answer) -> str:
    """The host a redirect points to; the rest of the address may carry secrets."""
    try:
        return urlsplit(seen.headers.get("location", "")).hostname or "nowhere"
    except ValueError:
        return "no address"

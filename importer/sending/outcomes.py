"""The last verdict of a request becomes the status, message and hint that the report shows."""

from dataclasses import replace

from importer.crm.verdict import Action, Ending, Verdict
from importer.journal.ledger import BY_SHAPE
from importer.journal.requests import OperationState
from importer.journal.sending import SendingJournal
from importer.model.operation import Call, Kind
from importer.model.outcome import FollowUp, RowStatus
from importer.model.problem import Problem
from importer.model.run import OnDuplicate

_UNCONFIRMED_HINT = (
    "Look at the lead in the CRM, then run `importer resolve RUN --as ours` (or existing) and `importer resume`."
)
_UNKNOWN_HINT = "Look for the lead in the CRM. To retry: `importer resume --retry-failed`."
_FOLLOW_UP_HINT = "To retry: `importer resume --retry-failed`. Or do it by hand in the CRM."
_IDEMPOTENT = (
    "exists now, but this server also answers 200 for leads that exist, so this run or somebody else created it"
)
_UNSURE = "exists now, created by an earlier request of this run that was never answered, or by somebody else"
_ASSUMED = "exists now, and no lead existed before (--assume-new), so a request of this run created it"


class Outcomes:
    """Writes the final state of requests to the journal; returns it with the follow-ups that may be sent now."""

    def __init__(self, journal: SendingJournal, on_duplicate: OnDuplicate, *, assume_new: bool = False) -> None:
        self._journal = journal
        self._assume_new = assume_new
        self._on_duplicate = on_duplicate
        self.is_idempotent = False

    async def create(self, call: Call, verdict: Verdict, seen_in: str) -> tuple[RowStatus, list[Call]]:
        """The create has ended."""
        match verdict.action, verdict.ending:
            case Action.ACCEPT, _ if self.is_idempotent and not self._assume_new:
                return await self._exists(replace(call, possibly_sent=True), verdict, seen_in, unsure=_IDEMPOTENT)
            case Action.ACCEPT, _:
                return await self._created(call, verdict)
            case Action.EXISTS, _:
                return await self._exists(call, verdict, seen_in)
            case (Action.REJECT, _) | (_, Ending.REJECTED):
                return await self._rejected(call, verdict)
        await self.unknown(call, verdict)
        return RowStatus.UNKNOWN, []

    async def _created(self, call: Call, verdict: Verdict, message: str = "") -> tuple[RowStatus, list[Call]]:
        warnings = tuple(
            Problem(row=call.row.number, code=code, detail=detail, warning=True) for code, detail in verdict.warnings
        )
        released = await self._journal.create_settled(
            call,
            RowStatus.CREATED,
            follow_ups=OperationState.PLANNED,
            lead_id=verdict.lead_id,
            message=message,
            http_status=verdict.http_status,
            warnings=warnings,
        )
        return RowStatus.CREATED, released

    async def _exists(
        self, call: Call, verdict: Verdict, seen_in: str, unsure: str = _UNSURE
    ) -> tuple[RowStatus, list[Call]]:
        """A duplicate is a lead that an earlier run saw, or that no request of ours can have made."""
        if call.possibly_sent and not seen_in and self._assume_new:
            return await self._created(call, replace(verdict, lead_id="", warnings=()), message=_ASSUMED)
        if call.possibly_sent and not seen_in:
            status, follow_ups, hint = RowStatus.CREATED_UNCONFIRMED, OperationState.HELD, _UNCONFIRMED_HINT
            message = unsure
        else:
            follow = self._on_duplicate is OnDuplicate.FOLLOW_UP
            status, hint = RowStatus.DUPLICATE, ""
            follow_ups = OperationState.PLANNED if follow else OperationState.DROPPED
            message = f"existed already{f' (seen by run {seen_in})' if seen_in else ''}"
            message = BY_SHAPE if verdict.likely and not seen_in else message
        released = await self._journal.create_settled(
            call,
            status,
            follow_ups=follow_ups,
            lead_id=verdict.lead_id,
            message=message,
            hint=hint,
            http_status=verdict.http_status,
            error_code=verdict.error_code,
        )
        return status, released

    async def _rejected(self, call: Call, verdict: Verdict) -> tuple[RowStatus, list[Call]]:
        note = "; an earlier attempt was never answered, so the lead may exist anyway" if call.possibly_sent else ""
        await self._journal.create_settled(
            call,
            RowStatus.REJECTED,
            follow_ups=OperationState.DROPPED,
            message=verdict.message + note,
            hint="Fix the row and import rejects.csv with the same mapping.",
            http_status=verdict.http_status,
            error_code=verdict.error_code,
        )
        return RowStatus.REJECTED, []

    async def unknown(self, call: Call, verdict: Verdict) -> None:
        """The request may or may not have taken effect, and all its tries are used up."""
        if call.operation.kind is not Kind.CREATE:
            await self.follow_up(call, verdict)
            return
        await self._journal.create_settled(
            call,
            RowStatus.UNKNOWN,
            follow_ups=OperationState.HELD,
            message=f"may or may not exist: {verdict.message}",
            hint=_UNKNOWN_HINT,
            http_status=verdict.http_status,
            error_code=verdict.error_code,
        )

    async def held(self, call: Call, reason: str) -> None:
        """A follow-up is not sent on purpose."""
        await self._journal.follow_up_settled(
            call,
            FollowUp.HELD,
            message=f"{call.operation.kind} not sent: {reason}",
            hint=_FOLLOW_UP_HINT,
        )

    async def follow_up(self, call: Call, verdict: Verdict) -> tuple[FollowUp, list[Call]]:
        """An assignment or an event has ended."""
        if verdict.action is Action.ACCEPT:
            return FollowUp.ACCEPTED, await self._journal.follow_up_settled(call, FollowUp.ACCEPTED)
        rejected = verdict.action is Action.REJECT or verdict.ending is Ending.REJECTED
        state = FollowUp.REJECTED if rejected else FollowUp.UNKNOWN
        await self._journal.follow_up_settled(
            call,
            state,
            message=f"{call.operation.kind.about.noun} {state}: {verdict.message}",
            hint=_FOLLOW_UP_HINT,
            http_status=verdict.http_status,
            error_code=verdict.error_code,
        )
        return state, []

"""What each call does, in the thread of its work."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from importer.api.answers import Proposal, Report, RunRecord
from importer.api.call import redacting
from importer.crm.credential import Credential, CredentialKind
from importer.errors import MappingError
from importer.journal.database import FILE_NAME
from importer.model.proposal import PROPOSED
from importer.reporting.data_frames import report_frame
from importer.runs.given_inputs import given_files, given_mapping
from importer.sandbox import Sandbox, running_at
from importer.sending.push import Destination

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.api.call import AnyMapping, AnySource, Call
    from importer.runs.service import Service
    from importer.runs.settings import Settings

_FRAMES: Final = ("problems.csv", "leads.csv", "results.csv")


@redacting()
def suggest(call: Call, source: AnySource) -> Proposal:
    """Propose a mapping."""
    with _folder() as folder:
        service = call.service()
        files = _given(service, source, folder)
        return call.proposal(service, files[0])


@redacting()
def check(call: Call, source: AnySource, mapping: AnyMapping | None, *, write: bool) -> Report:
    """Check every row."""
    with _folder() as folder:
        if not write:
            call.settings = call.settings.with_value("reports_dir", str(folder / "reports"), "write=False")
        service = call.service()
        mapping = mapping.mapping if isinstance(mapping, Proposal) else mapping
        given = None if mapping is None else given_mapping(mapping)
        request = service.request(_given(service, source, folder), given, options=call.reading, **call.choices())
        with service:
            report = call.ended(service.check(request, name=call.options.get("run_name", "")))
        return report if write else _in_memory(report)


def _in_memory(report: Report) -> Report:
    """The report without the files, which are about to go."""
    frames = {name: report_frame(path) for name, path in report.files.items() if name in _FRAMES}
    return replace(report, folder=None, files={}, summary={**report.summary, "files": {}}, _frames=frames)


@redacting()
def run(call: Call, source: AnySource, mapping: AnyMapping) -> Report:
    """Check and send every row."""
    with _folder() as folder:
        service = call.service()
        if isinstance(mapping, Proposal):
            raise MappingError(
                PROPOSED,
                (),
                message="a proposed mapping is never sent",
                tip="Save proposal.mapping as a file, review it, and give its path.",
            )
        files = _given(service, source, folder)
        request = service.request(files, given_mapping(mapping), options=call.reading, **call.choices())
        name, again = call.options.get("run_name", ""), call.options.get("again", False)
        with service:
            if not request.sandbox:
                return call.ended(service.run(request, name=name, again=again))
            with _rehearsal(call.settings, []) as destination:
                return call.ended(service.run(request, destination, name=name, again=again))


@redacting()
def resume(call: Call, run_id: str) -> Report:
    """Continue a run."""
    retry_failed = call.options.get("retry_failed", False)
    with call.service() as service:
        stored = service.to_resume(run_id, **call.choices())
        if not stored.request.sandbox:
            server = None if call.has_key else running_at(stored.request.base_url)
            destination = None if server is None else _at(server, stored.request.org)
            return call.ended(service.resume(stored, destination, retry_failed=retry_failed))
        with _rehearsal(call.settings, service.created_leads(stored)) as destination:
            return call.ended(service.resume(stored, destination, retry_failed=retry_failed))


@redacting()
def report(call: Call, run_id: str) -> Report:
    """Write a report again."""
    with call.service() as service:
        return call.report(service.report(run_id))


@redacting()
def history(call: Call) -> list[RunRecord]:
    """The runs so far; none, and no journal, where nothing has run."""
    folder = Path(call.settings["reports_dir"])
    if not (folder / FILE_NAME).exists():
        return []
    with call.service() as service:
        return [
            RunRecord(
                run_id=past.run.run_id,
                command=past.run.command,
                state=str(past.run.state),
                exit_code=past.run.exit_code,
                reason=past.run.reason,
                started_at=past.run.started_at,
                counts={str(status): count for status, count in past.counts.items()},
                folder=folder / past.run.run_id,
            )
            for past in service.history()
        ]


@contextmanager
def _rehearsal(settings: Settings, existing: list[tuple[str, str]]) -> Iterator[Destination]:
    """A sandbox for one run, with the leads (lead_id, crm_id) that it has created before it was interrupted."""
    org = settings["org"] or "sandbox"
    rate = 10.0 if settings["rate"] is None else settings["rate"]
    with Sandbox(rate=rate, existing=[(org, lead_id, crm_id) for lead_id, crm_id in existing]) as server:
        yield _at(server, org)


def _at(server: Sandbox, org: str) -> Destination:
    credential = Credential(CredentialKind.API_KEY, server.api_key, source="the sandbox")
    return Destination.of(server.url, org, lambda: credential)


def _given(service: Service, source: AnySource, folder: Path) -> list[Path]:
    """The sources by the names that the report has for them."""
    files = given_files(source, folder)
    for each in files:
        if each.name != str(each.path):
            service.give(each)
    return [Path(each.name) for each in files]


@contextmanager
def _folder() -> Iterator[Path]:
    """A private folder for what a program hands over, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="importer-") as folder:
        yield Path(folder)

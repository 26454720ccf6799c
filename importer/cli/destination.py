"""Where a run sends to: the server of the settings, or a sandbox that lives as long as the command."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from shlex import quote
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.cli.session import Session
    from importer.journal.store import Journal, StoredRun
    from importer.sending.push import Destination

_ORG = "sandbox"


def real_destination(session: Session) -> Destination:
    """The server, organization and credential of the settings."""
    from importer.sending.push import Destination

    settings = session.settings
    destination = Destination.of(
        settings.base_url(),
        settings.required_org(),
        settings.credential_reader(),
        settings.trust(),
        settings.proxy(),
    )
    if destination.proxy:
        session.console.say(f"Requests go through the proxy {destination.proxy.shown}")
    elif unused := settings.unused_proxy():
        session.console.say(unused)
    if session.console.verbose:
        credential = destination.credential()
        session.console.detail(f"credential: {credential.kind} from {credential.source}")
    return destination


@contextmanager
def sandbox_destination(session: Session, existing: list[tuple[str, str]] | None = None) -> Iterator[Destination]:
    """A sandbox on a free port, with the leads (lead_id, crm_id) that an interrupted rehearsal had created."""
    from importer.crm.credential import Credential, CredentialKind
    from importer.sandbox import Sandbox
    from importer.sending.push import Destination

    org = session.settings["org"] or _ORG
    rate = session.settings["rate"]
    leads = [(org, lead_id, crm_id) for lead_id, crm_id in existing or ()]
    with Sandbox(rate=10.0 if rate is None else rate, existing=leads) as sandbox:
        session.console.say(f"sending to the built-in sandbox at {sandbox.base_url}: this is not the real API")
        credential = Credential(CredentialKind.API_KEY, sandbox.api_key, source="the sandbox")
        yield Destination.of(sandbox.base_url, org, lambda: credential)


@contextmanager
def destination_of(session: Session, journal: Journal, run: StoredRun) -> Iterator[Destination]:
    """Where a run that is resumed goes on sending: where it began, and nowhere else."""
    from importer.crm.address import origin_of
    from importer.errors import RunError

    if run.request.sandbox:
        with sandbox_destination(session, journal.created_leads(run)) as destination:
            yield destination
        return
    destination = real_destination(_of_the_run(session, run))
    session.console.say(f"resuming run {run.run_id}: organization {destination.org} on {destination.base_url}")
    for what, then, now in (
        ("organization", run.request.org, destination.org),
        ("server", origin_of(run.request.base_url), destination.origin),
    ):
        if run.planned and then != now:
            raise RunError(
                f"run {run.run_id} belongs to {what} {then}, not to {now}",
                tip=f"Give the original ones: --org {quote(run.request.org)} --base-url {run.request.base_url}",
            )
    yield destination


def _of_the_run(session: Session, run: StoredRun) -> Session:
    """The journal knows organization and server of a run, so that nobody has to name them again.

    A key of the settings still goes to no other server than its own: `Settings.credential_reader` holds that.
    """
    settings = session.settings
    for name in ("org", "base_url"):
        known = getattr(run.request, name)
        if known and settings.source(name) == "default":
            settings = settings.with_value(name, known, f"run {run.run_id}")
    return replace(session, settings=settings)

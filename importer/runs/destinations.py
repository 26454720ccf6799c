"""Where a run sends to: the server of the settings; and for a run that is resumed, where it began."""

from collections.abc import Callable
from shlex import quote

from importer.crm.address import origin_of
from importer.errors import RunError
from importer.journal.runs import StoredRun
from importer.runs.settings import Settings
from importer.sending.push import Destination


def destination_of(settings: Settings, note: Callable[[str], None]) -> Destination:
    """The server, organization and credential of the settings."""
    destination = Destination.of(
        settings.base_url(), settings.required_org(), settings.credential_reader(), settings.trust(), settings.proxy()
    )
    if destination.proxy:
        note(f"Requests go through the proxy {destination.proxy.shown}")
    elif unused := settings.unused_proxy():
        note(unused)
    return destination


def resumed_destination(run: StoredRun, settings: Settings, note: Callable[[str], None]) -> Destination:
    """Where the run began, and nowhere else; nobody has to name organization and server again.

    A key of the settings still goes to no other server than its own: `Settings.credential_reader` holds that.
    """
    for name in ("org", "base_url"):
        known = getattr(run.request, name)
        if known and settings.source(name) == "default":
            settings = settings.with_value(name, known, f"run {run.run_id}")
    destination = destination_of(settings, note)
    note(f"resuming run {run.run_id}: organization {destination.org} on {destination.base_url}")
    for what, then, now in (
        ("organization", run.request.org, destination.org),
        ("server", origin_of(run.request.base_url), destination.origin),
    ):
        if run.planned and then != now:
            raise RunError(
                f"run {run.run_id} belongs to {what} {then}, not to {now}",
                tip=f"Give the original ones: --org {quote(run.request.org)} --base-url {run.request.base_url}",
            )
    return destination

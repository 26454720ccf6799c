"""What every command that works on a reports folder sets up first."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from importer.cli.console import Console
from importer.sending.stop_request import StopRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.model.run import RunRequest
    from importer.model.source import ReadOptions
    from importer.runs.go_ahead import Announcement
    from importer.runs.service import Service
    from importer.runs.settings import Settings
    from importer.sending.push import Destination


@dataclass(frozen=True, kw_only=True)
class Session:
    """Settings, console and reports folder of one command."""

    settings: Settings
    console: Console
    stop_request: StopRequest
    as_json: bool
    assume_yes: bool = False
    on_finish: tuple[str, ...] = ()

    @property
    def reports_dir(self) -> Path:
        """Where journal and reports are."""
        return Path(self.settings["reports_dir"])

    def service(self) -> Service:
        """What carries out a command on the reports folder; most commands enter it first."""
        from importer.runs.service import Service

        return Service(
            self.settings, progress=self.console, confirm=self._confirm, stop=self.stop_request, piped=_piped
        )

    @contextmanager
    def sandbox(self, existing: list[tuple[str, str]] | None = None) -> Iterator[Destination]:
        """A sandbox that lives as long as the block, with the leads (lead_id, crm_id) of an interrupted rehearsal."""
        from importer.crm.credential import Credential, CredentialKind
        from importer.sandbox import Sandbox
        from importer.sending.push import Destination

        org = self.settings["org"] or "sandbox"
        rate = self.settings["rate"]
        leads = [(org, lead_id, crm_id) for lead_id, crm_id in existing or ()]
        with Sandbox(rate=10.0 if rate is None else rate, existing=leads) as sandbox:
            self.console.say(f"sending to the built-in sandbox at {sandbox.base_url}: this is not the real API")
            credential = Credential(CredentialKind.API_KEY, sandbox.api_key, source="the sandbox")
            yield Destination.of(sandbox.base_url, org, lambda: credential)

    def _confirm(self, about: Announcement) -> bool:
        """Say what is about to be sent, and ask unless it stays on this machine or the answer is known."""
        from importer.cli.messages import announcement
        from importer.crm.address import is_loopback

        self.console.say(announcement(about))
        if about.is_drift_to_answer:
            return self.console.ask("The columns have changed. Send anyway?")
        if self.assume_yes or is_loopback(about.base_url):
            return True
        return self.console.ask("Send?")


def _piped() -> IO[bytes] | None:
    """Standard input, unless it is a terminal or missing."""
    return None if sys.stdin is None or sys.stdin.isatty() else sys.stdin.buffer


def session(options: dict[str, Any]) -> Session:
    """The session for a command's options; it takes out those that it uses."""
    from importer.cli.messages import settings_lines
    from importer.runs.settings import SETTINGS, load_settings

    console = Console(
        quiet=options.pop("quiet"),
        verbose=options.pop("verbose"),
        progress=not options.pop("no_progress", False),
    )
    flags = {name: options.pop(name, None) for name in SETTINGS}
    settings = load_settings(flags, profile=options.pop("profile"), allow_private=options.pop("allow_private", False))
    for line in settings_lines(settings):
        console.detail(line)
    return Session(
        settings=settings,
        console=console,
        stop_request=click.get_current_context().find_object(StopRequest) or StopRequest(),
        as_json=options.pop("as_json"),
        assume_yes=options.pop("yes", False),
        on_finish=options.pop("on_finish", ()),
    )


def choices(options: dict[str, Any]) -> dict[str, Any]:
    """How a run is sent, by the options of its command apart from settings; what is not given is left out."""
    from importer.model.run import OnDuplicate

    chosen: dict[str, Any] = {name: True for name in ("skip_known", "accept_drift", "assume_new") if options.get(name)}
    if options.get("on_duplicate"):
        chosen["on_duplicate"] = OnDuplicate(options["on_duplicate"])
    if options.get("no_canary"):
        chosen["canary"] = False
    return chosen


def read_options(options: dict[str, Any]) -> ReadOptions:
    """What the options of a command say about how its files are read."""
    from importer.model.source import ReadOptions

    return ReadOptions(**{name: options[name] for name in ("sheet", "header_row", "encoding", "delimiter")})


def request_of(options: dict[str, Any], service: Service) -> RunRequest:
    """What was asked for, with the mapping's text as it is now, or with a proposed one."""
    return service.request(
        options["files"],
        options["mapping_path"],
        options=read_options(options),
        limit=options["limit"],
        max_invalid=options["max_invalid"],
        sandbox=options.get("sandbox", False),
        **choices(options),
    )

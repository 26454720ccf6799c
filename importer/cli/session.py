"""What every command that works on a reports folder sets up first."""

from __future__ import annotations

import random
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from importer.cli.console import Console
from importer.sending.stop_request import StopRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.journal.store import Journal
    from importer.model.run import RunRequest
    from importer.runs.job import Announcement, Job
    from importer.runs.settings import Settings


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

    @contextmanager
    def journal(self) -> Iterator[Journal]:
        """The journal of the reports folder."""
        from importer.clock import SystemClock
        from importer.journal.store import Journal
        from importer.runs.send_lock import lost_commits

        with Journal(self.reports_dir, SystemClock().now) as journal:
            if lost := lost_commits(journal):
                self.console.warn(lost)
            yield journal

    @contextmanager
    def job(self) -> Iterator[Job]:
        """What carries out a command on the journal."""
        from importer.clock import SystemClock
        from importer.runs.job import Job

        with self.journal() as journal:
            yield Job(
                journal,
                clock=SystemClock(),
                progress=self.console,
                rng=random.Random(),
                confirm=self._confirm,
                request=self.stop_request,
            )

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


def request_of(options: dict[str, Any], session: Session) -> RunRequest:
    """What was asked for, with the mapping's text as it is now."""
    from importer.mapping import load_mapping
    from importer.model.run import OnDuplicate, RunRequest
    from importer.model.source import ReadOptions
    from importer.runs.settings import SETTINGS

    settings = session.settings
    loaded = load_mapping(options["mapping_path"])
    return RunRequest(
        files=tuple(str(file) for file in _without_lock_files(options["files"], session.console)),
        mapping_path=loaded.path,
        mapping_text=loaded.text,
        options=ReadOptions(**{name: options[name] for name in ("sheet", "header_row", "encoding", "delimiter")}),
        limit=options["limit"],
        max_invalid=options["max_invalid"],
        base_url=settings["base_url"],
        org=settings["org"],
        sandbox=options.get("sandbox", False),
        **{entry.name: settings[entry.name] for entry in SETTINGS.values() if entry.used_by == "sending"},
        on_duplicate=OnDuplicate(options.get("on_duplicate") or OnDuplicate.SKIP),
        skip_known=options.get("skip_known", False),
        accept_drift=options.get("accept_drift", False),
        canary=not options.get("no_canary", False),
        assume_new=options.get("assume_new", False),
    )


def _without_lock_files(files: tuple[Path, ...], console: Console) -> list[Path]:
    """`inbox/*.xlsx` names Excel's lock files, too. Raises SourceError if there is nothing else."""
    from importer.errors import SourceError
    from importer.reading.opening import lock_owner

    owners = {file: owner for file in files if (owner := lock_owner(file)) is not None}
    for file, owner in owners.items():
        book = file.name.removeprefix("~$")
        console.say(
            f"note: {file} is skipped: it is Excel's lock file. {owner or 'Somebody'} has {book} open;"
            " unsaved changes are not imported."
        )
    if len(owners) == len(files):
        raise SourceError(
            "the only files given are Excel's lock files", tip="Give the workbook itself, without ~$ in front."
        )
    return [file for file in files if file not in owners]

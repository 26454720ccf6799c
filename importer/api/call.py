"""What one call was asked for: its sources, mapping and settings, and how it may be stopped."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from importer.api.answers import Proposal, Report
from importer.crm.redaction import redacted
from importer.errors import (
    ContractBroken,
    ImporterError,
    LocalDiskError,
    Outage,
    RunError,
    SettingsError,
    StoppedByCrm,
)
from importer.exit_codes import ExitCode
from importer.model.mapping import Mapping
from importer.model.run import OnDuplicate
from importer.model.source import ReadOptions
from importer.runs.background import Listener
from importer.runs.service import Service
from importer.runs.settings import SETTINGS, load_settings
from importer.runs.suggestion import mapping_file_of
from importer.sandbox import running_at
from importer.sending.stop_request import StopRequest

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator
    from collections.abc import Mapping as Dictionary
    from typing import TypeAlias

    from importer.runs.background import Progress
    from importer.runs.finish import Ended, Finished
    from importer.runs.given_inputs import Source
    from importer.runs.settings import Settings

    AnySource: TypeAlias = Source | list[Source] | tuple[Source, ...]
    AnyMapping: TypeAlias = str | os.PathLike[str] | Dictionary[str, Any] | Mapping | Proposal

_READING: Final = ("sheet", "header_row", "encoding", "delimiter")
_REQUEST: Final = ("limit", "skip_known", "accept_drift", "assume_new", "canary", "sandbox")
_SECRETS: Final = {"api_key": "SALESCHAT_API_KEY", "token": "SALESCHAT_TOKEN"}
_ERRORS: Final = {each.exit_code: each for each in (RunError, StoppedByCrm, Outage, LocalDiskError, ContractBroken)}


class Call:
    """One call. An option that its kind does not have is a `TypeError`."""

    def __init__(
        self,
        kind: Any,
        options: Any,
        on_progress: Callable[[Progress], object] | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        if unknown := [name for name in options if name not in kind.__annotations__]:
            raise TypeError(f"unknown option {unknown[0]!r}; there are {', '.join(kind.__annotations__)}")
        self.has_key = any(options.get(name) is not None for name in (*_SECRETS, "api_key_file"))
        self.listener = Listener(on_progress, StopRequest(), stop)
        self.settings = _settings(options)
        self.options: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
        self.reading = ReadOptions(**{name: self.options[name] for name in _READING if name in self.options})

    def service(self) -> Service:
        """What carries the call out. Nobody is asked; only columns that have changed need `accept_drift`."""
        return Service(
            self.settings,
            progress=self.listener,
            confirm=lambda about: not about.is_drift_to_answer,
            stop=self.listener.stop_request,
        )

    def choices(self) -> dict[str, Any]:
        """What was chosen apart from settings and reading, as fields of a `RunRequest`."""
        chosen: dict[str, Any] = {name: self.options[name] for name in _REQUEST if name in self.options}
        if "on_duplicate" in self.options:
            chosen["on_duplicate"] = OnDuplicate(self.options["on_duplicate"])
        if "max_invalid" in self.options:
            chosen["max_invalid"] = str(self.options["max_invalid"])
        return chosen

    def proposal(self, service: Service, file: Path) -> Proposal:
        """A mapping for the file."""
        found = service.suggest(file, self.reading, mapping_file_of(file)).suggestion
        todos = tuple(f"line {look.line}: {look.text.rstrip(':')}" for look in found.looks)
        return Proposal(mapping=found.text, todos=todos, columns=found.columns)

    def ended(self, finished: Finished) -> Report:
        """The report; raises what the callback raised, or else what stopped the run, with the report."""
        report = self.report(finished.ended, obstacles=finished.obstacles)
        if self.listener.error is not None:
            self.listener.error.add_note(f"importer: {report.run_id} {report.reason or report.state}")
            raise self.listener.error
        stop = finished.stop
        if stop is not None and stop.exit_code < ExitCode.INTERRUPTED:
            error = finished.error or _ERRORS[stop.exit_code](stop.reason, tip=stop.tip)
            error.report = report
            raise error
        return report

    def report(self, ended: Ended, *, obstacles: tuple[str, ...] = ()) -> Report:
        """A report on the disk."""
        return Report(
            run_id=ended.report.run_id,
            command=ended.report.command,
            state=str(ended.report.state),
            exit_code=int(ended.exit_code),
            reason=ended.report.reason,
            counts={str(status): count for status, count in ended.report.counts.items()},
            folder=Path(self.settings["reports_dir"]) / ended.report.run_id,
            files={name: Path(path) for name, path in ended.files.items()},
            summary=ended.document(),
            obstacles=obstacles,
            notes=tuple(self.listener.notes),
        )


def _settings(options: dict[str, Any]) -> Settings:
    """The settings of a call, as those of a command; takes the secret out, so that nothing that is shown holds it."""
    flags: dict[str, Any] = {name: options.pop(name, None) for name in SETTINGS}
    flags["reports_dir"] = flags["reports_dir"] and os.fsdecode(flags["reports_dir"])
    secrets = {_SECRETS[name]: secret for name in _SECRETS if (secret := options.pop(name, None)) is not None}
    if len(secrets) + (flags["api_key_file"] is not None) > 1:
        raise SettingsError("more than one of api_key, token and api_key_file is given", tip="Give one of them.")
    if "" in secrets.values():
        raise SettingsError("the api_key or token that was given is empty", tip="Look where it comes from.")
    sandbox = None if secrets else running_at(str(flags["base_url"] or ""))
    if sandbox is not None:  # one of this process: its key is known, and any organization will do
        secrets = {_SECRETS["api_key"]: sandbox.api_key}
    environment = dict(os.environ)
    if secrets:
        environment = {name: text for name, text in environment.items() if name not in _SECRETS.values()} | secrets
        flags["api_key_file"] = ""  # importer.toml may name one
    settings = load_settings(
        flags,
        profile=options.pop("profile", None) or "",
        environment=environment,
        allow_private=options.pop("allow_private", False),
    )
    return settings if settings["org"] or sandbox is None else settings.with_value("org", "sandbox", "the sandbox")


@contextmanager
def redacting() -> Iterator[None]:
    """No secret of this process leaves in the words of an error."""
    try:
        yield
    except ImporterError as error:
        error.message, error.tip = redacted(error.message), redacted(error.tip)
        error.args = (error.message,)
        raise

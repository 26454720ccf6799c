"""What somebody asks for: the request of a new run, and that of a run that is resumed."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from importer.errors import SourceError
from importer.journal.runs import StoredRun
from importer.mapping import LoadedMapping, load_mapping
from importer.model.proposal import PROPOSED
from importer.model.run import RunRequest
from importer.model.source import ReadOptions
from importer.reading.given_file import GivenFiles
from importer.reading.opening import lock_owner
from importer.runs.settings import SETTINGS, Settings
from importer.runs.suggestion import proposed_mapping

_SENDING: Final = tuple(entry for entry in SETTINGS.values() if entry.used_by == "sending")


def new_request(
    settings: Settings,
    files: Sequence[Path],
    mapping: Path | LoadedMapping | None,
    given: GivenFiles,
    *,
    note: Callable[[str], None],
    options: ReadOptions | None = None,
    **choices: Any,
) -> RunRequest:
    """The files, the mapping's text as it is now, the settings, and the choices: more fields of `RunRequest`.

    Without a mapping, it is the one that `init` would propose for the first file.
    """
    proposed, options = None, options or ReadOptions()
    if mapping is not None:
        loaded = mapping if isinstance(mapping, LoadedMapping) else load_mapping(mapping)
        mapping_path, mapping_text = loaded.path, loaded.text
    files = _without_lock_files(files, note)
    if mapping is None:
        mapping_path, (mapping_text, proposed) = PROPOSED, proposed_mapping(files[0], given[files[0]], options)
    return RunRequest(
        files=tuple(map(str, files)),
        mapping_path=mapping_path,
        mapping_text=mapping_text,
        proposed=proposed,
        options=options,
        base_url=settings["base_url"],
        org=settings["org"],
        **{entry.name: settings[entry.name] for entry in _SENDING},
        **choices,
    )


def _without_lock_files(files: Sequence[Path], note: Callable[[str], None]) -> list[Path]:
    """`inbox/*.xlsx` names Excel's lock files, too. Raises SourceError if there is nothing else."""
    owners = {file: owner for file in files if (owner := lock_owner(file)) is not None}
    for file, owner in owners.items():
        book = file.name.removeprefix("~$")
        note(
            f"note: {file} is skipped: it is Excel's lock file. {owner or 'Somebody'} has {book} open;"
            " unsaved changes are not imported."
        )
    if len(owners) == len(files):
        raise SourceError(
            "the only files given are Excel's lock files", tip="Give the workbook itself, without ~$ in front."
        )
    return [file for file in files if file not in owners]


def resumed_request(run: StoredRun, settings: Settings, choices: dict[str, Any]) -> RunRequest:
    """What was asked for when the run began, except for settings that a flag gives now and for the choices."""
    flags = [entry for entry in _SENDING if entry.flag]
    given = {entry.name: settings[entry.name] for entry in flags if settings.source(entry.name) == entry.flag}
    request = replace(run.request, **given, **choices)
    for entry in flags:  # versions without ranges have written runs that would wait without end
        if (value := getattr(request, entry.name)) is not None:
            entry.checked(value, f"run {run.run_id}", tip=f"Give {entry.flag} {entry.metavar}.")
    return request

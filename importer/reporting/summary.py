"""summary.json: what a run amounts to, for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from importer.model.operation import FOLLOW_UP_KINDS, Kind
from importer.reporting.private_files import replacing_text

if TYPE_CHECKING:
    from pathlib import Path

    from importer.model.run import ReadSource, Requests, RunReport


def summary(run: RunReport, files: dict[str, str]) -> dict[str, object]:
    """The run as an object of JSON; `files` are the paths of the report's files by name.

    Every key is always there: what does not apply is `""`, `0` or empty. Only a proposed mapping has a key of its own.
    """
    return {
        "run_id": run.run_id,
        "command": run.command,
        "state": str(run.state),
        "exit_code": int(run.exit_code),
        "reason": run.reason,
        "sources": [_source(source) for source in run.sources],
        "mapping": _mapping(run),
        "org": run.org,
        "base_url": run.base_url,
        "rows": run.rows,
        "counts": run.counts,
        **{kind.about.column: run.follow_ups.get(kind, {}) for kind in FOLLOW_UP_KINDS},
        "problems": run.problems,
        "requests": _requests(run.requests),
        "seconds": run.seconds,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "estimate": asdict(run.estimate),
        "files": files,
    }


def write_summary(path: Path, run: RunReport, files: dict[str, str]) -> None:
    """Write the run as JSON in UTF-8. Raises LocalDiskError."""
    with replacing_text(path) as file:
        json.dump(summary(run, files), file, ensure_ascii=False, indent=2)
        file.write("\n")


def _mapping(run: RunReport) -> dict[str, object]:
    """Path and digest; of a mapping that was only proposed also what was guessed, and the command that writes it."""
    guessed = {"proposed": run.proposed.document()} if run.proposed else {}
    return {"path": run.mapping_path, "sha256": run.mapping_sha256, **guessed}


def _requests(requests: Requests) -> dict[str, int]:
    sent = {str(kind): requests.sent.get(kind, 0) for kind in Kind}
    return {**sent, "throttled": requests.throttled, "retried": requests.retried}


def _source(source: ReadSource) -> dict[str, object]:
    info = source.info
    return {
        "path": info.path,
        "sha256": info.sha256,
        "format": info.format,
        "encoding": info.encoding,
        "delimiter": info.delimiter,
        "sheet": info.sheet,
        "header_row": info.header_row,
        "rows": source.rows,
    }

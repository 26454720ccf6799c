"""Whole runs whose result is a contract: what the command answers, writes and sends, as programs around it see it.

Words in messages and hints may change; they are left out. So is what differs from run to run: times, ports, run ids.
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cli.command_line import KEY, CommandLine, lead, leads
from tests.e2e.recording_server import Answer, Recorded, behave, recording, reply

ROOT = Path(__file__).parents[2]
EXPORTS = sorted(path.stem for path in (ROOT / "samples" / "exports").glob("*.csv"))
SENDING = ("--rate", "0", "--settle", "0", "--yes", "--no-canary", "--no-progress")
_WORDS = ("message", "hint", "finished_at")
_CHANGING = ("run_id", "base_url", "seconds", "started_at", "finished_at", "estimate", "files", "reason")


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A list, its mapping, and how the server answers. `prepare` writes files into the folder of the command."""

    files: tuple[str, ...]
    mapping: str
    prepare: Callable[[CommandLine], object] = lambda _: None
    answer: Answer = behave
    options: tuple[str, ...] = ()
    command: str = "run"


def faulty(request: Recorded) -> bytes:
    """Refuses, knows and throttles by the number of the lead; the same each time it is asked."""
    if request.method == "POST":
        return _create(request)
    if "L-0006" in request.target and request.target.endswith("/assign"):
        return reply("422 Unprocessable", {"error_code": 4220001, "error_message": "user is not active"})
    if "L-0007" in request.target and request.target.endswith("/events"):
        return reply("404 Not Found", {"error_code": 4040002, "error_message": "Lead not found"})
    return behave(request)


EXISTS = "Lead with this crm_id already exists"
REFUSALS = {
    "L-0002": ("429 Too Many Requests", 4290001, EXISTS),
    "L-0003": ("422 Unprocessable", 4220001, "phone_number is not valid"),
    "L-0004": ("409 Conflict", 4090001, EXISTS),
}


def _create(request: Recorded) -> bytes:
    if refusal := REFUSALS.get(request.document["crm_id"]):
        status, code, message = refusal
        return reply(status, {"error_code": code, "error_message": message, "error_description": "", "payload": {}})
    return behave(request)


def _messy(importer: CommandLine) -> None:
    importer.mapping()
    importer.table(
        [
            *leads(8),
            lead(9, Phone="12"),
            lead(10, Name=""),
            lead(1),
            lead(11, Phone="9.19877E+11"),
            lead(12, Owner="nobody"),
            lead(13, Stage=""),
            lead(14, Owner=""),
            lead(15, ID=""),
            lead(16, City="=1+1"),
        ]
    )


SCENARIOS: dict[str, Scenario] = {
    "weekly-webinar": Scenario(files=("samples/weekly-webinar.xlsx",), mapping="mappings/weekly-webinar.yaml"),
    "migration": Scenario(files=("samples/migration.csv",), mapping="mappings/migration.yaml"),
    "weekly-webinar-check": Scenario(
        files=("samples/weekly-webinar.xlsx",), mapping="mappings/weekly-webinar.yaml", command="check"
    ),
    **{name: Scenario(files=(f"samples/exports/{name}.csv",), mapping=f"mappings/{name}.yaml") for name in EXPORTS},
    "refusals": Scenario(files=("list.csv",), mapping="m.yaml", prepare=_messy, answer=faulty),
    "duplicates-followed-up": Scenario(
        files=("list.csv",),
        mapping="m.yaml",
        prepare=_messy,
        answer=faulty,
        options=("--on-duplicate", "follow-up"),
    ),
}


def outcome(importer: CommandLine, scenario: Scenario) -> dict[str, Any]:
    """Carry it out and describe it, without what may change."""
    scenario.prepare(importer)
    files = [path if (importer.folder / path).exists() else str(ROOT / path) for path in scenario.files]
    mapping = scenario.mapping if (importer.folder / scenario.mapping).exists() else str(ROOT / scenario.mapping)
    with recording(scenario.answer) as server:
        os.environ.update({"SALESCHAT_ORG_ID": "o1", "SALESCHAT_API_KEY": KEY, "SALESCHAT_BASE_URL": server.base_url})
        sending = (*SENDING, *scenario.options) if scenario.command == "run" else ()
        ended = importer(scenario.command, *files, "-m", mapping, *sending)
        requests = sorted(map(_request, server.requests))
    return {
        "exit_code": ended.code,
        "summary": _summary(importer),
        "results": [[value for name, value in row.items() if name not in _WORDS] for row in _relative(importer)],
        "rejects": [_reject(row) for row in importer.rejects()],
        "requests": requests,
    }


def _request(request: Recorded) -> str:
    document = request.document
    if "distinct_id" in document:  # it depends on the server's port; tests/planning/test_keys.py has exact ones
        document["distinct_id"] = f"{len(document['distinct_id'])} characters"
    return f"{request.method} {request.target} {json.dumps(document, ensure_ascii=False)}"


def _relative(importer: CommandLine) -> list[dict[str, str]]:
    return [{**row, "source": Path(row["source"]).name} for row in importer.results()]


def _reject(row: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in row.items() if name not in ("_importer_message", "_importer_hint")}


def _summary(importer: CommandLine) -> dict[str, Any]:
    summary = {name: value for name, value in importer.summary().items() if name not in _CHANGING}
    summary["sources"] = [{**source, "path": Path(source["path"]).name} for source in summary["sources"]]
    summary["mapping"] = Path(summary["mapping"]["path"]).name
    summary["files"] = sorted(importer.summary()["files"])
    return summary

"""Writes the parts of docs/ that are made from the code, between their marks: `python docs/make_docs.py`.

A test compares them, so that code and documentation cannot drift apart.
"""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from click.testing import CliRunner

from importer.cli.program import importer
from importer.crm.credential import CredentialKind
from importer.crm.endpoints import ENDPOINTS
from importer.model.fields import LEAD_FIELDS
from importer.model.outcome import (
    FOLLOW_UPS,
    NEEDS_A_PERSON,
    STATES_FOR_A_PERSON,
    STATUSES,
    FollowUpWording,
    RowStatus,
    Wording,
)
from importer.model.problem import KINDS
from importer.reporting import LEAD_COLUMNS, PROBLEM_COLUMNS, REJECT_COLUMNS, RESULT_COLUMNS
from importer.reporting.csv_columns import ReportColumn
from importer.runs.settings import SETTINGS

DOCS: Final = Path(__file__).parent
SBOM: Final = DOCS.parent / "requirements" / "sbom.cdx.json"
HELP_WIDTH: Final = 100


def problem_table(*, warning: bool) -> str:
    """One line per code, in the order of the list: what is wrong, why, and what to do."""
    lines = [
        f"| `{code}` | **{_cell(kind.title)}.** {_cell(kind.cause)} | {_cell(kind.fix)} |"
        for code, kind in KINDS.items()
        if kind.warning is warning
    ]
    return "\n".join(["| code | what is wrong | what to do |", "|---|---|---|", *lines])


def problems() -> str:
    """The codes that stop a row."""
    return problem_table(warning=False)


def warnings() -> str:
    """The codes that do not."""
    return problem_table(warning=True)


def settings() -> str:
    """One line per setting: what it is, and what each source calls it."""
    lines = ["| setting | flag | environment | `importer.toml` | may be | default |", "|---|---|---|---|---|---|"]
    for entry in SETTINGS.values():
        names = [f"`{name}`" if name else "" for name in (entry.flag, entry.variable, entry.name)]
        lines.append(f"| {' | '.join([entry.help, *names, entry.range, entry.default_in_words])} |")
    return "\n".join(lines)


def lead_fields() -> str:
    """One line per lead field."""
    lines = [f"| `{field.name}` | {_cell(field.help)} |" for field in LEAD_FIELDS]
    rest = "| `attributes` | Everything else, by the names the CRM shall use. |"
    return "\n".join(["| field | means |", "|---|---|", *lines, rest])


def statuses() -> str:
    """One line per status of a row."""
    return _states("status", {status: (STATUSES[status], status in NEEDS_A_PERSON) for status in RowStatus})


def follow_ups() -> str:
    """One line per state of an assignment or of the events."""
    return _states("state", {state: (wording, state in STATES_FOR_A_PERSON) for state, wording in FOLLOW_UPS.items()})


def _states(head: str, states: Mapping[str, tuple[Wording | FollowUpWording, bool]]) -> str:
    lines = [f"| {head} | means | attention | what to do |", "|---|---|---|---|"]
    for state, (wording, needs_a_person) in states.items():
        name, person = f"`{state}`" if state else "(empty)", "yes" if needs_a_person else "no"
        lines.append(f"| {name} | {_cell(wording.promise)} | {person} | {_cell(wording.next_step)} |")
    return "\n".join(lines)


def endpoints() -> str:
    """One line per endpoint of the Leads API."""
    lines = ["| request | goes to | carried out | after | per second, API key | token |", "|---|---|---|---|---|---|"]
    for kind, endpoint in ENDPOINTS.items():
        accepted = f"{endpoint.accepted[0]}" if len(endpoint.accepted) == 1 else "2xx with a `lead_id`"
        rates = [f"{endpoint.rates[credential]:g}" for credential in CredentialKind]
        cells = [str(kind), f"`{endpoint.method} {endpoint.path}`", accepted, str(endpoint.after or ""), *rates]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def columns(table: Mapping[str, ReportColumn]) -> str:
    """One line per column that a report has."""
    lines = [f"| `{column.name}` | {_cell(column.about)} |" for column in table.values()]
    return "\n".join(["| column | holds |", "|---|---|", *lines])


def command_line() -> str:
    """Every command with what its `--help` says, word for word."""
    parts = [_help()]
    for name, command in importer.commands.items():
        if not command.hidden:
            parts += [f"## importer {name}", _help(name)]
    return "\n\n".join(parts)


def licences() -> str:
    """Every package of an installation, from the bill of materials."""
    components = json.loads(SBOM.read_text(encoding="utf-8"))["components"]
    lines = [f"| {part['name']} | {part['version']} | {_licence(part)} |" for part in components]
    return "\n".join(["| package | version | licence |", "|---|---|---|", *sorted(lines, key=str.lower)])


def _licence(component: dict[str, Any]) -> str:
    """What the package declares: an SPDX expression or id where there is one, else its own words."""
    told = [each.get("expression") or each["license"].get("id") for each in component["licenses"]]
    said = [each.get("license", {}).get("name", "").split(" :: ")[-1] for each in component["licenses"]]
    return next(filter(None, told), "") or said[0]


PARTS: Final[dict[str, Callable[[], str]]] = {
    "problem-codes.md: problems": problems,
    "problem-codes.md: warnings": warnings,
    "settings.md: settings": settings,
    "mapping.md: lead fields": lead_fields,
    "reliability.md: endpoints": endpoints,
    "statuses.md: rows": statuses,
    "statuses.md: assignments and events": follow_ups,
    "reports.md: columns of rejects.csv": lambda: columns(REJECT_COLUMNS),
    "reports.md: columns of leads.csv": lambda: columns(LEAD_COLUMNS),
    "reports.md: columns of problems.csv": lambda: columns(PROBLEM_COLUMNS),
    "reports.md: columns of results.csv": lambda: columns(RESULT_COLUMNS),
    "command-line.md: help": command_line,
    "licences.md: licences": licences,
}
"""Page and name of each part, and what makes it."""


def with_parts(page: str, text: str) -> str:
    """The page's text with its generated parts as the code has them now. ValueError when marks are missing."""
    for part, make in PARTS.items():
        of_page, name = part.split(": ")
        if of_page == page:
            before, mark, rest = text.partition(f"<!-- made by docs/make_docs.py: {name} -->\n")
            _, end, after = rest.partition("<!-- end -->")
            if not (mark and end):
                raise ValueError(f"docs/{page} has no marks for “{name}”")
            text = f"{before}{mark}\n{make()}\n\n{end}{after}"
    return text


def _help(*names: str) -> str:
    arguments = [*names, "--help"]
    said = CliRunner().invoke(importer, arguments, prog_name="importer", terminal_width=HELP_WIDTH)
    return f"```\n$ importer {' '.join(arguments)}\n{said.output.rstrip()}\n```"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> int:
    """Write every part anew."""
    for page in dict.fromkeys(part.split(": ")[0] for part in PARTS):
        path = DOCS / page
        path.write_text(with_parts(page, path.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

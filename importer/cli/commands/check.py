"""`importer check`: the dry run."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from importer.cli.options import COMMON, DESTINATION, ENDING, READING
from importer.errors import MappingError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.model.run import RunRequest


@click.command()
@READING
@DESTINATION
@ENDING
@COMMON
def check(**options: Any) -> int:
    """Read, map and validate every row; write the report; send nothing.

    Without -m, FILE is checked with the mapping that `importer init` would propose: what was guessed is listed first,
    and the command that writes that mapping comes last. FILE may be packed (.gz, or .zip with one file in it); - is
    what is piped in.

    \b
    importer check leads.xlsx                               with the mapping that `importer init` would propose
    importer check leads.xlsx -m mappings/weekly.yaml
    importer check list.csv -m mappings/weekly.yaml --delimiter ";" --encoding cp1252
    importer check leads.xlsx -m mappings/weekly.yaml --json
    """
    from importer.cli.messages import proposal_lines
    from importer.cli.run_summary import report_end
    from importer.cli.session import request_of, session

    here = session(options)
    service = here.service()
    request = request_of(options, service)
    proposed = request.proposed if not here.as_json else None
    if proposed:
        here.console.result("\n".join(proposal_lines(proposed)))
    with service, explained(request):
        code = report_end(here, service.check(request, name=options["run_name"]))
    if proposed:
        again = " (pipe the list in again)" if request.is_piped else ""
        here.console.result(f"Next, write this mapping and review it{again}:\n  {proposed.command}")
    return code


@contextmanager
def explained(request: RunRequest) -> Iterator[None]:
    """Columns that a later file does not have are no mistake of a mapping that nobody has written."""
    try:
        yield
    except MappingError as error:
        if request.proposed:
            error.tip = (
                f"The mapping was proposed from {request.proposed.source}. Check files with other columns one by one,"
                f" or write the mapping and give it with -m: {request.proposed.command}"
            )
        raise

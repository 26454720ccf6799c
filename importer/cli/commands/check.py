"""`importer check`: the dry run."""

from typing import Any

import click

from importer.cli.options import COMMON, DESTINATION, ENDING, READING


@click.command()
@READING
@DESTINATION
@ENDING
@COMMON
def check(**options: Any) -> int:
    """Read, map and validate every row; write the report; send nothing.

    \b
    importer check leads.xlsx -m mappings/weekly.yaml
    importer check list.csv -m mappings/weekly.yaml --delimiter ";" --encoding cp1252
    importer check leads.xlsx -m mappings/weekly.yaml --json
    """
    from importer.cli.run_summary import report_end
    from importer.cli.session import request_of, session
    from importer.crm.endpoints import request_rates

    here = session(options)
    request = request_of(options, here)
    rates = request_rates(request.rate, here.settings.credential_kind())
    with here.job() as job:
        refusals = here.settings.refusals()
        return report_end(here, job.check(request, name=options["run_name"], rates=rates, refusals=refusals))

"""`importer run`: the main job."""

from typing import Any

import click

from importer.cli.options import COMMON, ENDING, READING, SENDING


@click.command()
@READING
@SENDING
@click.option("--accept-drift", is_flag=True, help="Send even if the columns differ from those of the last run.")
@click.option("--again", is_flag=True, help="Import a file again even though it was imported before.")
@ENDING
@COMMON
def run(**options: Any) -> int:
    """Check the files, create the leads, assign them, record their events, and report on every row.

    FILE may be packed (.gz, or .zip with one file in it); - is what is piped in, and needs --yes.

    \b
    importer run leads.xlsx -m mappings/weekly.yaml --sandbox      a rehearsal; no credential needed
    importer run leads.xlsx -m mappings/weekly.yaml --org 4711     asks before it sends
    importer run inbox/*.xlsx -m mappings/weekly.yaml --yes        several files, one run, no question
    importer run leads.xlsx -m mappings/weekly.yaml --sandbox --on-finish "python3 notify.py"
    """
    from importer.cli.run_summary import report_end
    from importer.cli.session import read_options, request_of, session
    from importer.runs.suggestion import no_mapping

    if options["mapping_path"] is None:
        raise no_mapping(options["files"], read_options(options))
    here = session(options)
    service = here.service()
    request = request_of(options, service)
    how = {"name": options["run_name"], "again": options["again"]}
    with service:
        if not request.sandbox:
            return report_end(here, service.run(request, **how))
        with here.sandbox() as destination:
            return report_end(here, service.run(request, destination, **how))

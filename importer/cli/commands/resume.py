"""`importer resume`: go on where a run was stopped."""

from typing import Any

import click

from importer.cli.options import COMMON, ENDING, SENDING, run_argument


@click.command()
@run_argument(required=False)
@SENDING
@click.option("--retry-failed", is_flag=True, help="Also retry rejected and unknown rows.")
@click.option("--no-progress", is_flag=True, help="No progress bar and no progress lines.")
@ENDING
@COMMON
def resume(**options: Any) -> int:
    """Continue an interrupted or stopped run from its journal (the latest unfinished one if RUN is not given).

    The plan made at the start is sent; later changes to the file or the mapping are ignored.
    RUN is a run id, or the beginning of one.

    \b
    importer resume
    importer resume 20261122-1504 --retry-failed
    """
    from importer.cli.run_summary import report_end
    from importer.cli.session import choices, session

    here = session(options)
    retry_failed = options["retry_failed"]
    with here.service() as service:
        run = service.to_resume(options["run_id"], **choices(options))
        if not run.request.sandbox:
            return report_end(here, service.resume(run, retry_failed=retry_failed))
        with here.sandbox(service.created_leads(run)) as destination:
            return report_end(here, service.resume(run, destination, retry_failed=retry_failed))

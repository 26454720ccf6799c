"""`importer report`: write a run's report again."""

from typing import Any

import click

from importer.cli.options import COMMON, run_argument


@click.command()
@run_argument(required=True)
@COMMON
def report(**options: Any) -> int:
    """Write the report files of RUN again from the journal. RUN is an id, its beginning, or `latest`.

    The files are made from the journal alone, so this restores a report that was changed or deleted.

    \b
    importer report latest
    importer report 20261122-1504 --json
    """
    from importer.cli.session import session

    here = session(options)
    with here.service() as service:
        ended = service.report(options["run_id"])
    if here.as_json:
        here.console.document(ended.document())
    else:
        here.console.result("\n".join(ended.files.values()))
    return 0

"""`importer resolve`: decide the rows of which only a person can find out what happened."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from importer.cli.options import COMMON, run_argument


@click.command()
@run_argument(required=True)
@click.option(
    "--as",
    "verdict",
    type=click.Choice(["ours", "existing"]),
    required=True,
    help="ours: this run created the leads. existing: they existed before.",
)
@click.option(
    "--rows",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Only the crm_ids in this file, one per line. [all unconfirmed rows]",
)
@COMMON
def resolve(**options: Any) -> int:
    """Decide the rows of RUN that are created_unconfirmed; `importer resume` then sends their follow-ups.

    Look the leads up in the CRM first: an event or assignment sent for a lead that is not yours cannot be undone.

    \b
    importer resolve 20261122-1504 --as ours
    importer resolve latest --as existing --rows ids.txt
    """
    from importer.cli.session import session

    here = session(options)
    with here.service() as service:
        resolved = service.resolve(options["run_id"], options["rows"], ours=options["verdict"] == "ours")
    here.console.result(json.dumps(asdict(resolved), indent=2) if here.as_json else resolved.sentence)
    return 0

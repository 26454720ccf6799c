"""`importer purge`: remove personal data of old runs."""

import json
import re
from datetime import timedelta
from typing import Any

import click

from importer.cli.options import COMMON


def _age(context: click.Context, parameter: click.Parameter, value: str) -> timedelta:  # noqa: ARG001
    if not (match := re.fullmatch(r"(\d+)d", value)):
        raise click.BadParameter("give a number of days, such as 90d")
    return timedelta(days=int(match[1]))


@click.command()
@click.option("--older-than", required=True, callback=_age, metavar="DAYSd", help="How old a run must be, e.g. 90d.")
@COMMON
def purge(**options: Any) -> int:
    """Remove the personal data of old runs from the journal, and their report folders.

    A run that was stopped is purged as well, and cannot be resumed then. The journal remembers the crm_ids that it has
    seen.

    \b
    importer purge --older-than 90d
    """
    from importer.cli.session import session

    here = session(options)
    with here.service() as service:
        purged = service.purge(options["older_than"])
    if here.as_json:
        here.console.result(json.dumps({"purged": purged.removed}, indent=2))
    else:
        here.console.result("\n".join(purged.removed) if purged.removed else "no runs are that old")
    if not purged.is_overwritten:
        here.console.say(
            "Another process is using the journal. Run `importer purge` again when it has finished: until then, unused "
            "parts of the file may still hold personal data."
        )
    return 0

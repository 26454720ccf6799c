"""`importer template`: an empty workbook for people to fill in."""

from pathlib import Path
from typing import Any

import click

from importer.cli.options import COMMON
from importer.model.visible import file_word


@click.command()
@click.option(
    "-m",
    "--mapping",
    "mapping_path",
    required=True,
    type=click.Path(path_type=Path),
    metavar="MAPPING",
    help="The YAML mapping that will read the workbook.",
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE.xlsx",
    help="The workbook to write; an existing one is never overwritten.",
)
@COMMON
def template(**options: Any) -> int:
    """Write an empty workbook to fill in for MAPPING: a column for each one that it reads, with its rule as a comment.

    Fixed values and owners are offered as lists, ids and phones are formatted as text, and an example row, which is
    never imported, shows how to fill it in.

    \b
    importer template -m weekly.yaml -o weekly.xlsx
    """
    from importer.cli.session import session

    here = session({**options, "rate": None})
    mapping, target = options["mapping_path"], options["output"]
    columns = here.service().template(mapping, target)
    if here.as_json:
        names = [column.name for column in columns]
        here.console.document(
            {"state": "finished", "exit_code": 0, "template": str(target), "mapping": str(mapping), "columns": names}
        )
    else:
        step = f"importer check {file_word(target)} -m {file_word(mapping)}"
        here.console.result(f"Written: {target}\nFill it in, then run:  {step}")
    return 0

"""The command `importer` and its subcommands, in the order in which a person meets them."""

import click

from importer import __version__
from importer.cli.check import check
from importer.cli.doctor import doctor
from importer.cli.init import init
from importer.cli.purge import purge
from importer.cli.report import report
from importer.cli.resolve import resolve
from importer.cli.resume import resume
from importer.cli.run import run
from importer.cli.runs import runs
from importer.cli.sandbox import sandbox


class _InOrder(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self.commands)


@click.group(cls=_InOrder, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="importer")
def importer() -> None:
    """Import leads from CSV and Excel files into Saleschat.

    \b
    importer init LIST.xlsx                             a first mapping for the file; sends nothing
    importer check LIST.xlsx -m MAPPING.yaml            what is wrong with the file; sends nothing
    importer run LIST.xlsx -m MAPPING.yaml --sandbox    a rehearsal on a local server
    importer run LIST.xlsx -m MAPPING.yaml              the import; report in reports/
    importer resume                                     goes on where a run was stopped
    """


for _command in (init, check, run, resume, resolve, runs, report, doctor, sandbox, purge):
    importer.add_command(_command)

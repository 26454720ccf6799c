"""The command `importer` and its subcommands, in the order in which people need them."""

from difflib import get_close_matches
from pathlib import Path
from typing import Final

import click

from importer.cli.commands.check import check
from importer.cli.commands.doctor import doctor
from importer.cli.commands.init import init
from importer.cli.commands.purge import purge
from importer.cli.commands.report import report
from importer.cli.commands.resolve import resolve
from importer.cli.commands.resume import resume
from importer.cli.commands.run import run
from importer.cli.commands.runs import runs
from importer.cli.commands.sandbox import sandbox
from importer.cli.commands.template import template
from importer.errors import SettingsError
from importer.model.visible import file_word
from importer.version import __version__

OTHER_WORDS: Final = {
    **dict.fromkeys(["import", "send", "push", "upload", "start"], "importer run"),
    **dict.fromkeys(["validate", "verify", "test", "lint", "preview", "dry-run", "dryrun"], "importer check"),
    **dict.fromkeys(["map", "mapping", "new", "create", "suggest"], "importer init"),
    **dict.fromkeys(["continue", "go-on"], "importer resume"),
    "retry": "importer resume --retry-failed",
    **dict.fromkeys(["list", "status", "history", "ls"], "importer runs"),
    **dict.fromkeys(["delete", "clean", "forget"], "importer purge"),
    **dict.fromkeys(["serve", "server", "mock", "demo"], "importer sandbox"),
    "help": "importer --help",
    "version": "importer --version",
}
"""What the commands are called in other programs."""

_LISTS: Final = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls", ".ods")

_OTHER_OPTIONS: Final = {
    **dict.fromkeys(
        ["--dry-run", "--dryrun", "-n", "--validate", "--check"], "`importer check` does that, and sends nothing."
    ),
    **dict.fromkeys(["-y", "--assume-yes", "--no-confirm"], "The option is --yes."),
    **dict.fromkeys(["--mappings", "--config"], "The option is -m, or --mapping."),
    **dict.fromkeys(["--api-key", "--token"], "Set SALESCHAT_API_KEY or SALESCHAT_TOKEN, or give --api-key-file."),
    **dict.fromkeys(["--separator", "--sep"], "The option is --delimiter."),
    **dict.fromkeys(
        ["--force", "--overwrite"], "To send a file again: --again. To send although columns changed: --accept-drift."
    ),
}


class _InOrder(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command of that name; for another word, the error suggests one."""
        word = args[0]
        if word not in self.commands and not word.startswith("-"):
            close = get_close_matches(word.lower(), self.commands, n=1)
            meant = OTHER_WORDS.get(word.lower()) or (f"importer {close[0]}" if close else "")
            if "://" in word:
                from importer.reading.given_file import refuse_address

                refuse_address(word)
            if not meant and _is_file(word):
                ctx.fail(f"{word!r} is a file, not a command; try: importer check {file_word(word)}")
            ctx.fail(f"there is no command {word!r}" + (f"; try: {meant}" if meant else ""))
        return super().resolve_command(ctx, args)


def _is_file(word: str) -> bool:
    """Whether a word is a file to import: one that exists, or one that is named like a list."""
    return Path(word).is_file() or word.lower().endswith(_LISTS)


def usage_tip(error: click.ClickException) -> str:
    """What to type instead of what was wrong."""
    context = getattr(error, "ctx", None)
    if isinstance(error, click.NoSuchOption):
        option = error.option_name
        having = [name for name, command in importer.commands.items() if _has(command, option)]
        if having and context and context.command.name not in having:
            return f"{option} is an option of: {', '.join(having)}."
        if option in _OTHER_OPTIONS:
            return _OTHER_OPTIONS[option]
    return f"`{context.command_path} --help` shows every option." if context else ""


def _has(command: click.Command, option: str) -> bool:
    return any(option in parameter.opts for parameter in command.params)


@click.group(
    cls=_InOrder,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="importer")
@click.pass_context
def importer(context: click.Context) -> None:
    """Import leads from CSV and Excel files into Saleschat.

    \b
    importer check LIST.xlsx                            what is wrong with the file; sends nothing
    importer init LIST.xlsx                             a first mapping for the file; sends nothing
    importer check LIST.xlsx -m MAPPING.yaml            the same check, by your mapping; sends nothing
    importer run LIST.xlsx -m MAPPING.yaml --sandbox    a rehearsal on a local server
    importer run LIST.xlsx -m MAPPING.yaml              the import; report in reports/
    importer resume                                     continue a run that was stopped
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
    elif not _has_working_folder():
        raise SettingsError(
            "the current folder no longer exists", tip="Change to a folder that exists and run the command again."
        )


def _has_working_folder() -> bool:
    try:
        Path.cwd()
    except OSError:
        return False
    return True


for _command in (init, check, run, resume, resolve, runs, report, doctor, sandbox, template, purge):
    importer.add_command(_command)

"""What the command line can and cannot say about the server and the credential."""

import re

import click
import pytest

from importer.cli.program import importer as group
from tests.cli.command_line import FAST, KEY, ORG, PLAIN_MAPPING, CommandLine, lead

OPTIONS = {
    (name, option)
    for name, command in group.commands.items()
    for parameter in command.params
    if isinstance(parameter, click.Option)
    for option in (*parameter.opts, *parameter.secondary_opts)
}


def test_no_option_takes_a_credential() -> None:
    """Everybody on the machine can read command lines."""
    named = {option for _, option in OPTIONS if re.search("key|token|secret|password|credential", option)}
    assert named == {"--api-key-file"}


def test_no_option_turns_verification_off() -> None:
    suspicious = {
        option for _, option in OPTIONS if re.search("insecure|verify|trust|unsafe|no-tls|ssl|redirect", option)
    }
    assert suspicious == set()


@pytest.mark.parametrize("option", ["--ca-file", "--allow-private", "--api-key-file"])
def test_whatever_speaks_to_the_server_has_the_same_options(option: str) -> None:
    assert {name for name, each in OPTIONS if each == option} == {"run", "resume", "doctor"}


@pytest.mark.parametrize(
    ("url", "flags", "code", "expected"),
    [
        ("https://10.255.255.1", (), 2, "10.255.255.1 is a private address (--allow-private allows it)"),
        ("https://169.254.169.254", ("--allow-private",), 2, "metadata"),
        ("https://127.1:9", ("--allow-private",), None, "connection"),
    ],
)
def test_the_doctor_says_what_a_run_would_say(
    importer: CommandLine, monkeypatch: pytest.MonkeyPatch, url: str, flags: tuple[str, ...], code: int, expected: str
) -> None:
    monkeypatch.setenv("SALESCHAT_API_KEY", KEY)
    ended = importer("doctor", "--org", ORG, "--base-url", url, *flags)
    assert ended.code == 2
    assert expected in ended.out
    if code is not None:
        importer.mapping(PLAIN_MAPPING)
        importer.table([lead(1)])
        ended = importer("run", "list.csv", "-m", "m.yaml", *FAST, "--org", ORG, "--base-url", url, *flags)
        assert ended.code == code
        assert expected in ended.err
        assert not list(importer.reports.glob("2*")), "it is reported before anything is read"

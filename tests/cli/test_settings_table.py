"""A setting has one range, whatever its source; what is outside it is refused with an error that names the source."""

import math
import os
from pathlib import Path
from typing import Any

import pytest

from importer.clock import SystemClock
from importer.errors import SettingsError
from importer.journal.runs import Journal
from importer.model.run import RunState
from importer.runs.settings import SETTINGS, Entry, load_settings
from importer.sandbox import Sandbox
from tests.cli.command_line import FAST, PLAIN_MAPPING, CommandLine, lead, leads

NUMBERS = [entry for entry in SETTINGS.values() if entry.kind is not str]
TEXTS = [entry for entry in SETTINGS.values() if entry.kind is str]
BELOW, ABOVE = (lambda entry: entry.lowest - 1), (lambda entry: entry.highest + 1)
WRONG_NUMBERS: list[Any] = [BELOW, ABOVE, math.nan, math.inf, -math.inf, 10**400, True, "60", [60], None]


def _toml(value: object) -> str:
    words = {True: "true", None: "{}"}
    return words[value] if value is True or value is None else repr(value)


def _refused(entry: Entry, value: object, folder: Path, source: str) -> str:
    flags, profile = {}, ""
    if source == entry.flag:
        flags[entry.name] = value
    else:
        profile = "live" if "live" in source else ""
        table = "[profiles.live]\n" if profile else ""
        (folder / "importer.toml").write_text(f"{table}{entry.name} = {_toml(value)}\n", encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        load_settings(flags, profile=profile, environment={}, folder=folder)
    return refused.value.message


@pytest.mark.parametrize("source", ["flag", "importer.toml", "importer.toml [profiles.live]"])
@pytest.mark.parametrize("entry", NUMBERS, ids=lambda entry: entry.name)
def test_a_number_out_of_range_is_refused_from_every_source(entry: Entry, source: str, tmp_path: Path) -> None:
    for wrong in WRONG_NUMBERS:
        value = wrong(entry) if callable(wrong) else wrong
        named = entry.flag if source == "flag" else source
        if named and not (source == "flag" and value is None):
            expected = _refused(entry, entry.kind(value) if callable(wrong) else value, tmp_path, named)
            assert expected.startswith(named), value
            assert entry.range in expected, value


@pytest.mark.parametrize("entry", NUMBERS, ids=lambda entry: entry.name)
def test_both_ends_of_a_range_are_accepted(entry: Entry, tmp_path: Path) -> None:
    for end in (entry.lowest, entry.highest):
        (tmp_path / "importer.toml").write_text(f"{entry.name} = {entry.kind(end)}\n", encoding="utf-8")
        assert load_settings({}, environment={}, folder=tmp_path)[entry.name] == end


@pytest.mark.parametrize("entry", TEXTS, ids=lambda entry: entry.name)
def test_a_text_has_to_be_one(entry: Entry, tmp_path: Path) -> None:
    values: tuple[object, ...] = (7, True, [], "a\0b")
    for value in values:
        (tmp_path / "importer.toml").write_text(f"{entry.name} = {_text(value)}\n", encoding="utf-8")
        with pytest.raises(SettingsError, match=rf"^importer\.toml: {entry.name} must be text in quotes$"):
            load_settings({}, environment={}, folder=tmp_path)


def _text(value: object) -> str:
    return '"a\\u0000b"' if isinstance(value, str) else _toml(value)


def test_the_source_is_the_table_that_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "importer.toml").write_text("settle = 5\n[profiles.live]\nrate = 3\n", encoding="utf-8")
    settings = load_settings({}, profile="live", environment={}, folder=tmp_path)
    assert (settings.source("settle"), settings.source("rate")) == ("importer.toml", "importer.toml [profiles.live]")


@pytest.mark.parametrize("text", ["rate = " + "9" * 5000, "rate = " + "[" * 5000, "rate ="])
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "importer.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"importer\.toml"):
        load_settings({}, environment={}, folder=tmp_path)


@pytest.mark.parametrize(
    ("source", "url"), [("--base-url", "http://x.example"), ("SALESCHAT_BASE_URL", "https://a:b@x.example")]
)
def test_a_wrong_server_is_refused_with_its_source(
    importer: CommandLine, monkeypatch: pytest.MonkeyPatch, source: str, url: str
) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(1))
    monkeypatch.setenv("SALESCHAT_BASE_URL", url)
    flag = ("--base-url", url) if source == "--base-url" else ()
    ended = importer("run", "list.csv", "-m", "m.yaml", "--org", "o1", *flag)
    assert ended.code == 2
    assert ended.error.startswith(f"{source}: the base URL")


def test_the_command_line_refuses_what_would_wait_without_end(importer: CommandLine, sandbox: Sandbox) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(1))
    for flag, value in (("--concurrency", "0"), ("--timeout", "0"), ("--settle", "inf"), ("--rate", "nan")):
        ended = importer("run", "list.csv", "-m", "m.yaml", "--yes", flag, value)
        assert ended.code == 2
        assert ended.error.startswith(f"{flag} must be a ")
    assert not sandbox.state.leads


def test_a_run_that_an_older_version_began_out_of_range_says_what_to_give(
    importer: CommandLine, sandbox: Sandbox
) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(1))
    assert importer("run", "list.csv", "-m", "m.yaml", *FAST).code == 0
    with Journal(importer.reports, SystemClock().now) as journal:
        run = journal.run("latest")
        journal.connection.execute("UPDATE runs SET request = json_set(request, '$.concurrency', 0)")
        journal.set_state(run, RunState.SENDING)
    ended = importer("resume", "--yes")
    assert ended.code == 2
    assert ended.error == f"run {run.run_id}: concurrency must be a whole number from 1 to 256; it is 0"
    assert "tip: Give --concurrency N." in ended.err
    assert importer("resume", "--yes", "--concurrency", "2").code == 0


@pytest.mark.parametrize("word", ["space", " ", "SPACE"])
def test_the_flag_takes_the_delimiters_that_the_mapping_takes(importer: CommandLine, word: str) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.write("list.csv", "ID Name Phone\nL-1 Asha +919000000001\n")
    assert importer("check", "list.csv", "-m", "m.yaml", "--delimiter", word).code == 0
    importer.mapping(PLAIN_MAPPING + f"source: {{delimiter: '{word}'}}\n")
    assert importer("check", "list.csv", "-m", "m.yaml").code == 0


@pytest.mark.parametrize("word", ["", "ab", '"'])
def test_what_cannot_be_a_delimiter_is_refused(importer: CommandLine, word: str) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table([lead(1)])
    ended = importer("check", "list.csv", "-m", "m.yaml", "--delimiter", word)
    assert ended.code == 2
    assert "cannot be a delimiter" in ended.error
    assert "tab, " in ended.err
    assert "space" in ended.err


@pytest.mark.parametrize(
    ("variable", "toml", "seconds", "expected"),
    [
        ("SALESCHAT_API_KEY", "", 2.0, "about 2 s"),
        ("SALESCHAT_TOKEN", "", 4.0, "about 4 s"),
        ("SALESCHAT_TOKEN", "rate = 0", 0.0, "as fast as the server answers"),
        ("SALESCHAT_TOKEN", "rate = 2.5", 8.0, "about 8 s"),
        ("SALESCHAT_TOKEN", 'api_key_file = "no-such-file"', 2.0, "about 2 s"),
    ],
)
def test_a_check_estimates_with_the_rate_of_a_run(
    importer: CommandLine, monkeypatch: pytest.MonkeyPatch, variable: str, toml: str, seconds: float, expected: str
) -> None:
    monkeypatch.setitem(os.environ, variable, "a-secret-for-the-test")
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(20))
    importer.write("importer.toml", toml)
    ended = importer("check", "list.csv", "-m", "m.yaml")
    assert f"A run would send 20 rows in 20 requests, {expected}" in ended.out
    assert importer.summary()["estimate"]["seconds"] == seconds


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("timeout = 0", "; it is 0"),
        ("timeout = 0.05", "; it is 0.05"),
        ("concurrency = 1.5", "; it is 1.5"),
        ("concurrency = true", "; it is true"),
        ('concurrency = "sk-1234"', " to 256"),
        ("org = 5", "in quotes"),
    ],
)
def test_a_wrong_number_is_quoted_and_a_text_that_may_be_a_key_is_not(
    importer: CommandLine, line: str, seen: str
) -> None:
    importer.write("importer.toml", line + "\n")
    assert importer("doctor").error.endswith(seen)


def test_an_option_is_quoted_as_it_was_given(importer: CommandLine) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(1))
    assert importer("run", "list.csv", "-m", "m.yaml", "--timeout", "0").error.endswith("; it is 0")

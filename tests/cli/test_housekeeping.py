"""`doctor` and `purge`."""

import json

from importer.sandbox import Sandbox
from tests.cli.command_line import FAST, PLAIN_MAPPING, CommandLine, leads


def test_the_doctor_says_what_would_be_used_and_sends_nothing(importer: CommandLine, sandbox: Sandbox) -> None:
    ended = importer("doctor")
    assert ended.code == 0, ended
    lines = ended.out.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["?" if subject == "credential" else "ok", subject]
        for subject in ("reports", "journal", "disk", "server", "organization", "credential", "connection")
    ]
    assert sandbox.base_url in ended.out
    assert "SALESCHAT_API_KEY" in ended.out
    assert sandbox.state.snapshot()["requests"] == {}


def test_the_doctor_says_why_a_run_would_not_work(importer: CommandLine) -> None:
    ended = importer("doctor", "--base-url", "http://127.0.0.1:9", "--json")
    assert ended.code == 2
    found = {finding["subject"]: finding["fine"] for finding in json.loads(ended.out)}
    assert found["server"]
    assert not found["connection"]


def test_purge_takes_only_runs_that_are_old_enough(importer: CommandLine, sandbox: Sandbox) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(2))
    importer("run", "list.csv", "-m", "m.yaml", *FAST)
    (folder,) = importer.reports.glob("*-*/")
    assert importer("purge", "--older-than", "90d").out.strip() == "no runs are that old"
    assert json.loads(importer("purge", "--older-than", "90d", "--json").out) == {"purged": []}
    assert folder.is_dir()
    ended = importer("purge", "--older-than", "0d")
    assert (ended.code, ended.out.strip()) == (0, folder.name)
    assert not folder.exists()
    assert importer("purge", "--older-than", "soon").code == 2

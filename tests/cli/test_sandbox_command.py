"""`importer sandbox`: a server for scripts and for trying things out."""

import re
import signal
import subprocess

import httpx
import pytest

from tests.cli.command_line import PLAIN_MAPPING, CommandLine, leads


def announced(process: subprocess.Popen[str]) -> dict[str, str]:
    """The settings that the sandbox prints, ready for a shell."""
    assert process.stdout is not None
    text = process.stdout.readline() + process.stdout.readline()
    assert "not the real API" in text, text
    return dict(re.findall(r"(SALESCHAT_\w+)=(\S+)", text))


def test_it_serves_what_it_announces_until_ctrl_c(importer: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    process = importer.start("sandbox", "--rate", "0")
    try:
        settings = announced(process)
        assert set(settings) == {"SALESCHAT_BASE_URL", "SALESCHAT_API_KEY", "SALESCHAT_ORG_ID"}
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        importer.mapping(PLAIN_MAPPING)
        importer.table(leads(3))
        assert importer("run", "list.csv", "-m", "m.yaml", "--rate", "0").code == 0
        state = httpx.get(
            settings["SALESCHAT_BASE_URL"] + "/sandbox/state",
            headers={"x-org-api-key": settings["SALESCHAT_API_KEY"]},
            trust_env=False,
        ).json()
        assert [lead["crm_id"] for lead in state["leads"]] == ["L-0001", "L-0002", "L-0003"]
    finally:
        process.send_signal(signal.SIGINT)
        ended = importer.finished(process)
    assert ended.code in (0, 130), ended


@pytest.mark.slow
def test_its_faults_come_from_a_file(importer: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    importer.write("faults.yaml", "error_after: 1.0\nattempts: 1\nendpoints: [create]\n")
    process = importer.start("sandbox", "--rate", "0", "--faults", "faults.yaml")
    try:
        for name, value in announced(process).items():
            monkeypatch.setenv(name, value)
        importer.mapping(PLAIN_MAPPING)
        importer.table(leads(2))
        assert importer("run", "list.csv", "-m", "m.yaml", "--rate", "0", "--settle", "0").code == 1
        assert importer.statuses() == ["created_unconfirmed"] * 2
    finally:
        process.send_signal(signal.SIGTERM)
        ended = importer.finished(process)
    assert ended.code in (0, 143), ended


def test_wrong_faults_and_a_taken_port_are_errors(importer: CommandLine) -> None:
    importer.write("faults.yaml", "eror_after: 1.0\ndrop_before: 7\n")
    ended = importer("sandbox", "--faults", "faults.yaml")
    assert ended.code == 2
    assert "did you mean error_after" in ended.err
    assert "drop_before" in ended.err
    assert importer("sandbox", "--faults", "nowhere.yaml").code == 2

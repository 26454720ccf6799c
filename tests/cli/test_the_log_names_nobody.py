"""importer.log may be handed to a stranger who helps: it names no person and no lead."""

import logging

import pytest

from importer.sandbox import Faults, Sandbox
from tests.cli.command_line import FAST, KEY, ORG, CommandLine, lead, leads

FAULTS = Faults(throttle=0.2, error_before=0.2, gateway_before=0.1, attempts=1)


@pytest.mark.slow
@pytest.mark.parametrize("level", [logging.INFO, logging.DEBUG])
def test_a_run_with_every_kind_of_trouble_logs_no_personal_data(
    importer: CommandLine, level: int, capsys: pytest.CaptureFixture[str]
) -> None:
    importer.mapping()
    importer.table([*leads(12), lead(31, Phone="12"), lead(31), lead(1), lead(32, Owner="nobody")])
    root, before = logging.getLogger(), logging.getLogger().level
    root.setLevel(level)
    try:
        with Sandbox(rate=0, api_key=KEY, faults=FAULTS, existing=[(ORG, "x-1", "L-0002")]) as sandbox:
            importer.at(sandbox)
            assert importer("run", "list.csv", "-m", "m.yaml", *FAST).code == 1
            known = {each["lead_id"] for each in sandbox.state.snapshot()["leads"]}
    finally:
        root.setLevel(before)
    log = (importer.latest() / "importer.log").read_text(encoding="utf-8")
    assert "sending: " in log
    personal = {"L-00", "Asha", "Test", "9198765", "98765", "Pune", "@leads.example", "nobody", KEY, "x-1", *known}
    assert [word for word in personal if word in log] == []
    assert "list.csv" not in log
    assert capsys.readouterr().err == ""

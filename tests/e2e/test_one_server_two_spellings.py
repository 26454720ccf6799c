"""A port that goes without saying, or is written in another way, is no other server."""

import pytest

from tests.cli.command_line import FAST, KEY, MAPPING, ORG, CommandLine, leads
from tests.e2e.recording_server import recording


def test_25_two_spellings_of_one_server_are_one_tenant(importer: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    importer.mapping(MAPPING)
    importer.table(leads(3))
    monkeypatch.setenv("SALESCHAT_API_KEY", KEY)
    monkeypatch.setenv("SALESCHAT_ORG_ID", ORG)
    words = ("run", "list.csv", "-m", "m.yaml", *FAST, "--no-canary")
    with recording() as server:
        assert importer(*words, "--base-url", f"http://127.0.0.1:{server.port}").code == 0
        other = ("--base-url", f"HTTP://127.0.0.1:0{server.port}/")
        again = importer(*words, *other)
        assert (again.code, "was already imported" in again.err) == (2, True)
        assert importer(*words, *other, "--again").code == 0
        ids = [request.document["distinct_id"] for request in server.requests if request.target.endswith("/events")]
    assert len(ids) == 6
    assert len(set(ids)) == 3

"""A journal of an earlier version that has called leads duplicates by a rate limit's answer."""

import json
import sqlite3
from contextlib import closing

import pytest

from tests.cli.command_line import FAST, KEY, MAPPING, ORG, CommandLine, leads
from tests.e2e.recording_server import Recorded, behave, recording, reply

WRONG = {"status": 429, "media_type": "application/json", "error_code": 4290001, "text": "no capacity left"}


def test_19_wrong_duplicates_of_an_earlier_version_are_sent_again(
    importer: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    importer.mapping(MAPPING)
    importer.table(leads(4))
    monkeypatch.setenv("SALESCHAT_API_KEY", KEY)
    monkeypatch.setenv("SALESCHAT_ORG_ID", ORG)
    words = ("run", "list.csv", "-m", "m.yaml", *FAST, "--no-canary")
    exists = {"error_code": 4290001, "error_message": "Lead with this crm_id already exists"}

    def half(request: Recorded) -> bytes:
        there = request.method == "POST" and int(request.document["crm_id"][-1]) % 2
        return reply("429 No", exists) if there else behave(request)

    with recording(half) as server:
        there = ("--base-url", server.base_url)
        assert importer(*words, *there).code == 0
        assert sorted(importer.statuses()) == ["created", "created", "duplicate", "duplicate"]
        with closing(sqlite3.connect(importer.reports / "journal.sqlite3")) as journal, journal:
            journal.execute("UPDATE tenants SET fingerprint = ?, fingerprint_at = '2026-11-22'", (json.dumps(WRONG),))
        server.answer = behave
        ended = importer(*words, *there, "--skip-known", "--again")
        assert (ended.code, sorted(importer.statuses())) == (
            0,
            ["created", "created", "skipped_known", "skipped_known"],
        )
        assert "2 of its duplicates are no longer trusted" in ended.err + ended.out

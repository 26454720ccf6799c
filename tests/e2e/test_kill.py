"""SIGKILL at random moments of a run against a server that misbehaves; the sandbox's memory is the judge."""

import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable

from importer.sandbox import Faults, Sandbox
from tests.cli.command_line import KEY, ORG, CommandLine, leads

ROWS = 500
EXISTING = range(7, ROWS, 10)
KILLS = int(os.environ.get("IMPORTER_TEST_KILLS", "20"))
SEED = int(os.environ.get("IMPORTER_TEST_SEED", "20261122"))
CONCURRENCY = 16
SENDING = ("--settle", "0.3", "--rate", "0", "--concurrency", str(CONCURRENCY), "--yes", "--no-progress", "--quiet")

FAULTS = Faults(
    seed=SEED,
    attempts=2,
    error_before=0.05,
    error_after=0.06,
    drop_before=0.05,
    drop_after=0.06,
    gateway_before=0.02,
    gateway_after=0.03,
    throttle=0.01,
    throttle_retry_after=0,
    slow=0.1,
    slow_seconds=0.01,
    slow_jitter=0.05,
)


def test_killed_at_random_moments_and_resumed_every_label_is_true(importer: CommandLine) -> None:
    rows = leads(ROWS)
    existing = [(ORG, f"before-{number}", f"L-{number:04}") for number in EXISTING]
    with Sandbox(rate=0, faults=FAULTS, api_key=KEY, existing=existing) as sandbox:
        importer.at(sandbox)
        importer.mapping()
        importer.table(rows)
        importer.write("importer.toml", "assign_spacing = 0\n")  # this server takes a second assignment at once
        kills = _killed_until_done(importer, sandbox)
    assert kills >= KILLS * 2 // 3, "the run was over before it was killed often enough to prove anything"
    _assert_truth(importer, sandbox, rows, kills)


def _killed_until_done(importer: CommandLine, sandbox: Sandbox) -> int:
    """Run, kill, resume; afterwards without killing until everything is settled. Returns the number of kills."""
    rng = random.Random(SEED)
    kills = 0
    for planned in range(KILLS + 10):
        process = _started(importer)
        try:
            if planned < KILLS and _killed(process, _moment(rng, sandbox)):
                kills += 1
                continue
            ended = importer.finished(process, within=120)
        finally:
            process.kill()
        if ended.code in (0, 1):
            return kills
        assert ended.code in (3, 4), ended  # a streak of faults stopped it; it can be resumed
    raise AssertionError("the run never ended")


def _started(importer: CommandLine) -> subprocess.Popen[str]:
    if _is_planned(importer):
        return importer.start("resume", *SENDING)
    return importer.start("run", "list.csv", "-m", "m.yaml", *SENDING)


def _is_planned(importer: CommandLine) -> bool:
    listed = importer("runs", "--json") if importer.reports.exists() else None
    return listed is not None and '"run_id"' in listed.out


def _moment(rng: random.Random, sandbox: Sandbox) -> Callable[[], bool]:
    """When to kill: mostly some requests further on and a moment later, now and then at any time after the start."""
    if rng.random() < 0.1:
        until = time.monotonic() + rng.uniform(0.1, 1.0)
        return lambda: time.monotonic() > until
    goal = _requests(sandbox) + rng.randint(1, 130)
    later = rng.uniform(0.0, 0.01)

    def reached() -> bool:
        if _requests(sandbox) < goal:
            return False
        time.sleep(later)
        return True

    return reached


def _requests(sandbox: Sandbox) -> int:
    return sum(sum(sandbox.state.answers(endpoint).values()) for endpoint in ("create", "assign", "event"))


def _killed(process: subprocess.Popen[str], now: Callable[[], bool]) -> bool:
    """Kill the process when its moment has come; false if it had ended by itself before."""
    deadline = time.monotonic() + 60
    while process.poll() is None:
        assert time.monotonic() < deadline, "the run stands still"
        if now():
            process.send_signal(signal.SIGKILL)
            process.communicate()
            return process.returncode == -signal.SIGKILL
        time.sleep(0.001)
    return False


def _assert_truth(importer: CommandLine, sandbox: Sandbox, rows: list[list[str]], kills: int) -> None:
    results = {row["crm_id"]: row for row in importer.results()}
    assert [row["number"] for row in importer.results()] == [str(number) for number in range(2, ROWS + 2)]
    assert len(results) == ROWS
    stored = {lead.crm_id: lead for lead in sandbox.state.leads}
    assert set(stored) == set(results), "a lead is lost, or one was made that nobody planned"
    for crm_id, _, _, city, owner, stage in rows:
        lead, row = stored[crm_id], results[crm_id]
        ours = lead.creates == 1
        lie = f"{crm_id} is called {row}, but the server says {lead}"
        assert lead.creates <= 1, lie
        assert row["status"] in ("created", "duplicate", "created_unconfirmed"), lie
        assert (row["status"] != "created") or (ours and row["lead_id"] == lead.lead_id), lie
        assert (row["status"] != "duplicate") or not ours, lie
        assert len(lead.events) <= 1, lie
        if row["status"] == "created":
            assert (row["assign"], row["events"]) == ("accepted", "accepted"), lie
            assert (lead.owner, row["assigned_to"]) == (owner, owner), lie
            assert [(each.event, each.attributes) for each in lead.events] == [("LEAD_IMPORTED", {"stage": stage})], lie
            assert lead.fields["attributes"] == {"city": city}, lie
        else:
            assert lead.assignments == [], lie
            assert lead.events == [], lie
    counts = Counter(row["status"] for row in results.values())
    summary = importer.summary()
    assert summary["counts"] == counts
    assert summary["rows"] == ROWS
    ambiguous = sum(count for fault, count in sandbox.state.snapshot()["faults"].items() if fault != "throttle")
    assert counts["created_unconfirmed"] <= ambiguous + kills * CONCURRENCY
    assert counts["created"] > ROWS // 2
    assert counts["duplicate"] > 0

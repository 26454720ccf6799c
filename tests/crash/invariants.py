"""What must be true after a run, whatever happened on the way. Knows the oracle's counts, the report and the file."""

import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.crash.lists import Asked, LeadList

SENT = {"created", "duplicate", "created_unconfirmed", "rejected", "unknown"}


@dataclass(frozen=True)
class Evidence:
    """Everything a judge gets: the list, what the oracle counted, the report's rows, and how rough it was.

    `key` is the API key by which the oracle tells this importer from others; `doubts` is an upper bound for creates
    whose answer got lost on our side: kills × concurrency.
    """

    leads: LeadList
    oracle: dict[str, Any]
    results: list[dict[str, str]]
    journal: Path
    key: str
    doubts: int
    exit_code: int


def violations(seen: Evidence) -> list[str]:
    """Every broken invariant in one line each; empty when the run kept its promises."""
    effects = Effects(seen.oracle["leads"])
    found = [*_journal(seen), *_rows(seen), *effects_violations(seen.leads, effects)]
    for row in seen.results:
        if row["status"] in SENT and row["crm_id"] in seen.leads.leads:
            found += _row(row, seen, effects)
    unconfirmed = sum(row["status"] == "created_unconfirmed" for row in seen.results)
    if unconfirmed > seen.oracle["ambiguous_creates"] + seen.doubts:
        found.append(
            f"I6: {unconfirmed} created_unconfirmed, {seen.oracle['ambiguous_creates']} + {seen.doubts} doubts"
        )
    return found


class Effects:
    """The oracle's leads, by crm_id."""

    def __init__(self, leads: list[dict[str, Any]]) -> None:
        self.leads: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for lead in leads:
            self.leads[lead["crm_id"]].append(lead)

    def one(self, crm_id: str) -> dict[str, Any] | None:
        found = self.leads.get(crm_id)
        return found[0] if found else None


def effects_violations(leads: LeadList, effects: Effects) -> list[str]:
    """What holds even when the journal is lost: nothing twice, nothing unasked for, nobody's lead taken away."""
    found = []
    for crm_id, same in effects.leads.items():
        if len(same) > 1:
            found.append(f"I1: {crm_id} exists {len(same)} times")
        if crm_id not in leads.leads:
            found.append(f"I2: {crm_id} was never planned")
        for lead in same:
            found += [f"I4: {crm_id} has {event} {n} times" for event, n in _events(lead).items() if n > 1]
            before = leads.existing.get(crm_id)
            if before and lead["owner"] != before:
                found.append(f"I5: {crm_id} existed before and went from {before} to {lead['owner']}")
    return found


def _events(lead: dict[str, Any]) -> Counter[str]:
    return Counter(lead["events"].values())


def _journal(seen: Evidence) -> list[str]:
    with closing(sqlite3.connect(f"file:{seen.journal}?mode=ro", uri=True)) as journal:
        said = journal.execute("PRAGMA integrity_check").fetchone()[0]
        left = journal.execute(
            "SELECT count(*) FROM operations WHERE state IN ('planned', 'intent', 'blocked')"
            " UNION ALL SELECT sum(sendable) FROM batches JOIN runs ON runs.id = run WHERE command = 'run'"
        )
        unfinished = sum(count for (count,) in left)
    found = [] if said == "ok" else [f"I7: integrity_check says {said}"]
    return [*found, f"I3: {unfinished} calls are still open"] if unfinished else found


def _rows(seen: Evidence) -> list[str]:
    """Every row of the file is in the report once, with the status that the file alone decides where it does."""
    numbers = [int(row["number"]) for row in seen.results]
    found = []
    if numbers != list(range(2, len(seen.leads.rows) + 2)):
        found.append(f"I7: the file has {len(seen.leads.rows)} rows, the report {len(numbers)}")
    for row in seen.results:
        wanted = seen.leads.local.get(int(row["number"]))
        if wanted is None and row["status"] not in SENT:
            found.append(f"I3: row {row['number']} ended {row['status']}")
        if wanted is not None and row["status"] != wanted:
            found.append(f"I3: row {row['number']} is {row['status']}, not {wanted}")
    troubled = any(_needs_a_person(row) for row in seen.results)
    if seen.exit_code != int(troubled):
        found.append(f"I3: exit code {seen.exit_code}, but rows that need a person: {troubled}")
    return found


def _needs_a_person(row: dict[str, str]) -> bool:
    bad = {"rejected", "unknown", "held"}
    statuses = {"invalid", "conflict_in_file", "rejected", "unknown", "created_unconfirmed"}
    return row["status"] in statuses or row["assign"] in bad or row["events"] in bad


def _row(row: dict[str, str], seen: Evidence, effects: Effects) -> list[str]:
    crm_id, status = row["crm_id"], row["status"]
    lead = effects.one(crm_id)
    ours = lead is not None and lead["by"] == seen.key
    faults = seen.oracle["faulted"].get(f"create {crm_id}", 0)
    asked = seen.leads.leads[crm_id]
    wrong = {
        "I1: created, but it does not exist": status in ("created", "duplicate", "created_unconfirmed") and not lead,
        "I3: created, but we did not make it": status == "created" and not ours,
        "I3: created under another lead_id": status == "created" and lead and lead["lead_id"] != row["lead_id"],
        "I3: duplicate, but we made it": status == "duplicate" and ours,
        "I3: rejected, but it was acceptable": status == "rejected" and crm_id not in seen.leads.refused,
        "I3: rejected, but it exists": status == "rejected" and ours,
        "I3: unknown, but the server was clear": status == "unknown" and faults < 2,
        "I3: refused, but not said": crm_id in seen.leads.refused and status not in ("rejected", "unknown"),
    }
    found = [f"{text}: {crm_id}" for text, is_so in wrong.items() if is_so]
    return found + (_follow_ups(row, lead, asked, seen, ours=ours) if lead else [])


def _follow_ups(row: dict[str, str], lead: dict[str, Any], asked: Asked, seen: Evidence, *, ours: bool) -> list[str]:
    """Assignment and events against the words of the report."""
    crm_id, done = row["crm_id"], _events(lead)
    found = []
    if row["status"] == "created":
        if "pending" in (row["assign"], row["events"]):
            found.append(f"I3: the follow-ups of {crm_id} are still pending")
        if bool(asked.owner) != bool(row["assign"]) or bool(asked.events) != bool(row["events"]):
            found.append(f"I4: {crm_id} is created, but its follow-ups are {row['assign']!r}, {row['events']!r}")
    elif row["assign"] not in ("", "held") or row["events"] not in ("", "held"):
        found.append(f"I4: {crm_id} is {row['status']}, but its follow-ups were sent")
    if row["assign"] == "accepted" and lead["owner"] != asked.owner:
        found.append(f"I5: {crm_id} belongs to {lead['owner']!r}, asked was {asked.owner!r}")
    if ours and row["assign"] in ("", "held") and lead["owner"]:
        found.append(f"I5: {crm_id} got an owner although its assignment is {row['assign']!r}")
    if row["events"] == "accepted" and set(done) != asked.events:
        found.append(f"I4: {crm_id} has the events {sorted(done)}, asked were {sorted(asked.events)}")
    nobody_else = ours or crm_id in seen.leads.existing
    if nobody_else and row["events"] in ("", "held") and done:
        found.append(f"I4: {crm_id} has events although they are {row['events']!r}")
    return [*found, *_spent(row, seen)]


def _spent(row: dict[str, str], seen: Evidence) -> list[str]:
    """A follow-up that was given up must have had reason to."""
    crm_id = row["crm_id"]
    if row["assign"] in ("unknown", "rejected") and seen.oracle["faulted"].get(f"assign {crm_id}", 0) < 2:
        return [f"I3: the assignment of {crm_id} is {row['assign']}, but the server was clear"]
    return []

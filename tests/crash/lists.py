"""A list of leads for one trial, and what must become of each of its rows."""

import csv
import io
import random
from dataclasses import dataclass, field

MAPPING = """
version: 1
name: crash
lead:
  crm_id: id
  first_name: first
  phone_number: phone
  attributes: {city: city}
assign: {user_email: owner, when_blank: skip}
events:
  - {event: JOINED, when: {column: stage, not_blank: true}, attributes: {stage: stage}}
  - {event: PAID, when: {column: stage, one_of: [paid]}}
duplicates: {phone: allow}
"""

COLUMNS = ("id", "first", "phone", "city", "owner", "stage")


@dataclass(frozen=True)
class Asked:
    """What the file asks for one lead."""

    owner: str
    events: frozenset[str]


@dataclass
class LeadList:
    """The file's rows; `leads` are those that must be sent, by crm_id; `local` is the status of every other row."""

    rows: list[dict[str, str]] = field(default_factory=list)
    leads: dict[str, Asked] = field(default_factory=dict)
    local: dict[int, str] = field(default_factory=dict)
    existing: dict[str, str] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    def text(self) -> str:
        out = io.StringIO()
        writer = csv.DictWriter(out, COLUMNS)
        writer.writeheader()
        writer.writerows(self.rows)
        return out.getvalue()

    def add(self, row: dict[str, str], local: str = "") -> None:
        self.rows.append(row)
        if local:
            self.local[len(self.rows) + 1] = local


def lead_list(dice: random.Random, size: int, *, known_share: float = 0.15) -> LeadList:
    """A list of about `size` rows: mostly good ones, some that exist already, and every kind that must not be sent."""
    made = LeadList()
    for number in range(size):
        row = _row(dice, number)
        crm_id = row["id"]
        kind = dice.choices(("good", "bad phone", "twice", "conflict", "refused"), (88, 4, 3, 2, 3))[0]
        if kind == "bad phone":
            made.add({**row, "phone": "12"}, "invalid")
            continue
        if kind == "conflict":
            made.add(row, "conflict_in_file")
            made.add({**row, "city": "Elsewhere"}, "conflict_in_file")
            continue
        made.add(row)
        made.leads[crm_id] = Asked(
            row["owner"], frozenset({"": (), "joined": ("JOINED",), "paid": ("JOINED", "PAID")}[row["stage"]])
        )
        if kind == "twice":
            made.add(row, "duplicate_in_file")
        if kind == "refused":
            made.refused.append(crm_id)
        elif dice.random() < known_share:
            made.existing[crm_id] = f"before-{number}@leads.example"
    return made


def _row(dice: random.Random, number: int) -> dict[str, str]:
    return {
        "id": f"C-{number:04d}",
        "first": dice.choice(("Asha", "Ravi", "Noor", "José", "Li")),
        "phone": f"+9198765{number:05d}",
        "city": dice.choice(("Pune", "Köln", "")),
        "owner": dice.choice(("", "ben@leads.example", "ana@leads.example", "zoe@leads.example")),
        "stage": dice.choice(("", "joined", "joined", "paid")),
    }

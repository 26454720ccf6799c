"""A server under its old spellings: one tenant, with everything that is known of it."""

import pytest

from tests.journal.conftest import Book, planned

PLAIN = "https://crm.example"


@pytest.mark.parametrize("old", [f"{PLAIN}:443", f"{PLAIN}:"])
def test_25_a_journal_with_the_default_port_keeps_its_tenant_and_its_spelling(book: Book, old: str) -> None:
    """Each `distinct_id` holds the spelling, so that of a tenant that is known stays."""
    book.plan(planned(2), origin=old)
    tenant = book.journal.tenant(old, "o1")
    assert book.journal.tenant(PLAIN, "o1") == tenant
    assert book.journal.origin(tenant) == old


def test_25_other_ports_and_other_organizations_are_other_tenants(book: Book) -> None:
    tenant = book.journal.tenant(PLAIN, "o1")
    others = [
        (f"{PLAIN}:80", "o1"),
        (f"{PLAIN}:8443", "o1"),
        ("http://crm.example", "o1"),
        (PLAIN, "o2"),
        ("sandbox:r", "o1"),
    ]
    assert len({tenant, *(book.journal.tenant(*other) for other in others)}) == 6


def test_25_two_spellings_in_one_journal_become_one_tenant(book: Book) -> None:
    connection = book.journal.connection
    book.plan(planned(2), name="first", origin=PLAIN)
    book.plan(planned(3), name="second", origin="https://other.example")
    connection.execute("UPDATE tenants SET origin = ? WHERE origin = 'https://other.example'", (f"{PLAIN}:443",))
    connection.execute("UPDATE runs SET state = 'finished'")
    plain, old = (row["id"] for row in connection.execute("SELECT id FROM tenants ORDER BY id").fetchall())
    connection.executemany(
        "INSERT INTO leads VALUES (?, ?, ?, ?, ?)",
        [
            (plain, "both", 0, 2, ""),
            (old, "both", 1, 1, "u-1"),
            (old, "old", 1, None, ""),
            (plain, "plain", 0, 1, "u-2"),
        ],
    )
    assert book.journal.tenant(PLAIN, "o1") == plain
    known = connection.execute(
        "SELECT tenant, crm_id, possibly_sent, seen_in, lead_id FROM leads ORDER BY crm_id"
    ).fetchall()
    assert [tuple(row) for row in known] == [
        (plain, "both", 1, 1, "u-1"),
        (plain, "old", 1, None, ""),
        (plain, "plain", 0, 1, "u-2"),
    ]
    assert book.journal.imported_before(plain, "f00d") == "second"
    assert connection.execute("SELECT count(*) FROM tenants").fetchone()[0] == 1

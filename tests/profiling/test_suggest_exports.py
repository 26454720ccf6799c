"""The known exports: each ready mapping is what `init` proposes for its sample, and its header is recognized."""

import csv
from pathlib import Path

import pytest

from importer.mapping import load_mapping
from importer.profiling.header_words import Role, squeezed
from importer.profiling.suggest.exports import EXPORTS, recognized

ROOT = Path(__file__).parents[2]
SLUGS = sorted({export.slug for export in EXPORTS})


def header_of(slug: str) -> list[str]:
    with (ROOT / "samples/exports" / f"{slug}.csv").open(encoding="utf-8", newline="") as file:
        return next(csv.reader(file))


def test_there_is_a_sample_and_a_mapping_for_each() -> None:
    assert [path.stem for path in sorted((ROOT / "samples/exports").glob("*.csv"))] == SLUGS
    assert all((ROOT / "mappings" / f"{slug}.yaml").exists() for slug in SLUGS)


@pytest.mark.parametrize("slug", SLUGS)
def test_the_header_is_recognized_in_any_order_and_spelling(slug: str) -> None:
    header = header_of(slug)
    for spelt in (header, header[::-1], [name.upper() for name in header], [*header, "Something of our own"]):
        export = recognized(spelt)
        assert export is not None
        assert export.slug == slug


@pytest.mark.parametrize("slug", SLUGS)
def test_the_ready_mapping_names_what_the_program_exports(slug: str) -> None:
    export = next(export for export in EXPORTS if export.slug == slug)
    lead = load_mapping(ROOT / "mappings" / f"{slug}.yaml").mapping.lead
    known = {role: [squeezed(name) for name in names] for role, names in export.roles.items()}
    assert squeezed(lead.first_name.column or "") in known[Role.FIRST_NAME] + known.get(Role.FULL_NAME, [])
    phones = lead.phone_number.columns or (lead.phone_number.column or "",)
    assert {squeezed(name) for name in phones} <= set(known[Role.PHONE])
    assert bool(lead.crm_id.digest_of) == (not known[Role.CRM_ID])


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (["Given Name", "Family Name", "Phone 1 - Type", "Phone 1 - Value"], "Google Contacts"),
        (["Lead Owner", "First Name", "Company / Account", "Lead Status", "Phone"], "Salesforce (a report of leads)"),
        (["id", "last_name", "owner_id", "is_converted"], "Salesforce (leads, by Data Loader or the weekly export)"),
        (["Record ID", "First Name", "Last Name", "Email", "Phone Number"], "HubSpot"),
    ],
)
def test_other_forms_of_an_export(header: list[str], name: str) -> None:
    export = recognized(header)
    assert export is not None
    assert export.name == name


@pytest.mark.parametrize(
    "header",
    [["First Name", "Last Name", "Phone"], ["Id", "Name"], ["Owner", "Mobile"], ["Name", "Phone 1 - Value"], []],
)
def test_a_list_of_ones_own_is_no_export(header: list[str]) -> None:
    assert recognized(header) is None

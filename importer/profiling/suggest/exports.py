"""The exports of known programs, recognized by their headers. To add one, add it to `EXPORTS`, with a sample.

Names are compared without case, spaces and punctuation, so `First Name`, `first_name` and `FIRSTNAME` are one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from importer.profiling.header_words import Role, squeezed


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """An export: by which columns it is known (all of one of the sets), and which columns mean what.

    `roles` name columns in the order in which they count; those that are not there are passed over, and a role with no
    columns is one that this program does not export, whatever the columns are called. `notes` are for the reader of the
    mapping. `slug` is the name of the ready mapping in `mappings/`.
    """

    name: str
    slug: str
    known_by: tuple[tuple[str, ...], ...]
    roles: Mapping[Role, tuple[str, ...]]
    notes: tuple[str, ...] = ()
    timezone: str = ""


EXPORTS: Final = (
    Export(
        name="Zoho CRM",
        slug="zoho",
        known_by=(
            ("Record Id", "Lead Owner.id"),
            ("Record Id", "Contact Owner.id"),
            ("Record Id", "Lead Owner", "Lead Status"),
            ("Lead Owner", "Lead Source", "Email Opt Out", "Company", "Created Time"),
        ),
        roles={
            Role.CRM_ID: ("Record Id",),
            Role.FIRST_NAME: ("First Name",),
            Role.LAST_NAME: ("Last Name",),
            Role.PHONE: ("Mobile", "Phone", "Home Phone", "Other Phone"),
            Role.OPT_IN: (),
            Role.CREATED: ("Created Time",),
            Role.OWNER: ("Lead Owner", "Contact Owner"),
            Role.OPT_OUT: ("Email Opt Out",),
        },
        notes=(
            "Record Id begins with zcrm_ in Zoho's exports; with it, a later export of the same lead is the same lead.",
            "Zoho writes the owner's name, and times in the time zone of the user who exported.",
        ),
    ),
    Export(
        name="HubSpot",
        slug="hubspot",
        known_by=(
            ("Record ID", "Contact owner"),
            ("Record ID", "Lifecycle Stage"),
            ("Record ID", "First Name", "Last Name", "Phone Number"),
            ("Contact ID", "Contact owner", "Lifecycle Stage"),
        ),
        roles={
            Role.CRM_ID: ("Record ID", "Contact ID"),
            Role.FIRST_NAME: ("First Name",),
            Role.LAST_NAME: ("Last Name",),
            Role.PHONE: ("Mobile Phone Number", "Phone Number", "WhatsApp Phone Number"),
            Role.OPT_IN: (),
            Role.CREATED: ("Create Date",),
            Role.OWNER: ("Contact owner",),
            Role.OPT_OUT: ("Unsubscribed from all email",),
        },
        notes=("HubSpot writes times in the time zone of the account, and mostly the owner's name, not the e-mail.",),
    ),
    Export(
        name="Salesforce (leads, by Data Loader or the weekly export)",
        slug="salesforce",
        known_by=(
            ("Id", "LastName", "OwnerId", "IsConverted"),
            ("Id", "LastName", "OwnerId", "LeadSource", "CreatedDate"),
        ),
        roles={
            Role.CRM_ID: ("Id",),
            Role.FIRST_NAME: ("FirstName",),
            Role.LAST_NAME: ("LastName",),
            Role.PHONE: ("MobilePhone", "Phone"),
            Role.OPT_IN: (),
            Role.CREATED: ("CreatedDate",),
            Role.OWNER: ("OwnerId",),
            Role.OPT_OUT: ("DoNotCall", "HasOptedOutOfEmail"),
            Role.COMPANY: ("Company",),
            Role.JOB_TITLE: ("Title",),
            Role.SOURCE: ("LeadSource",),
            Role.STATUS: ("Status",),
        },
        notes=("OwnerId is the user's id in Salesforce, which the CRM does not know.",),
    ),
    Export(
        name="Salesforce (a report of leads)",
        slug="salesforce",
        known_by=(("Lead Owner", "Company / Account", "Lead Status"), ("Lead ID", "Company / Account", "Last Name")),
        roles={
            Role.CRM_ID: ("Lead ID",),
            Role.PHONE: ("Mobile", "Phone"),
            Role.OPT_IN: (),
            Role.CREATED: ("Create Date", "Created Date"),
            Role.OWNER: ("Lead Owner",),
        },
        notes=("A report has dates in the form of the locale of the user who exported.",),
    ),
    Export(
        name="Pipedrive",
        slug="pipedrive",
        known_by=(("Person - ID", "Person - Name"), ("Person - Name", "Person - Phone - Work")),
        roles={
            Role.CRM_ID: ("Person - ID",),
            Role.FIRST_NAME: ("Person - First name",),
            Role.LAST_NAME: ("Person - Last name",),
            Role.FULL_NAME: ("Person - Name",),
            Role.PHONE: (
                *(
                    "Person - Phone - Mobile",
                    "Person - Phone - Work",
                    "Person - Phone - Home",
                    "Person - Phone - Other",
                ),
                "Person - Phone",
            ),
            Role.OPT_IN: (),
            Role.CREATED: ("Person - Person created",),
            Role.OWNER: ("Person - Owner",),
            Role.OPT_OUT: (),
            Role.CONSENT: ("Person - Marketing status",),
            Role.EMAIL: ("Person - Email - Work", "Person - Email - Home", "Person - Email - Other", "Person - Email"),
            Role.COMPANY: ("Person - Organization", "Organization - Name"),
            Role.JOB_TITLE: ("Person - Job title",),
        },
        notes=("Pipedrive writes the owner's name, not the e-mail, and times in UTC.",),
        timezone="UTC",
    ),
    Export(
        name="Freshsales",
        slug="freshsales",
        known_by=(
            ("Sales owner", "Mobile", "Lifecycle stage"),
            ("Sales owner", "Mobile", "Work"),
            ("Sales owner", "Mobile number", "Work number"),
        ),
        roles={
            Role.CRM_ID: ("Id", "Contact ID", "External ID"),
            Role.FIRST_NAME: ("First name",),
            Role.LAST_NAME: ("Last name",),
            Role.PHONE: ("Mobile", "Mobile number", "Work", "Work number"),
            Role.OPT_IN: (),
            Role.CREATED: ("Created at",),
            Role.OWNER: ("Sales owner",),
            Role.EMAIL: ("Emails", "Email"),
            Role.COMPANY: ("Accounts", "Account"),
            Role.STATUS: ("Lifecycle stage", "Status"),
            Role.SOURCE: ("Source",),
        },
        notes=("Sales owner is a name or an e-mail address, depending on the export.",),
    ),
    Export(
        name="LeadSquared",
        slug="leadsquared",
        known_by=(("Lead Number", "Lead Stage"), ("Prospect ID", "Lead Stage"), ("ProspectID", "ProspectStage")),
        roles={
            Role.CRM_ID: ("Prospect ID", "Lead Number", "ProspectAutoId"),
            Role.FIRST_NAME: ("First Name",),
            Role.LAST_NAME: ("Last Name",),
            Role.PHONE: ("Mobile Number", "Mobile", "Phone Number", "Phone"),
            Role.OPT_IN: (),
            Role.CREATED: ("Created On",),
            Role.OWNER: ("Owner", "OwnerIdEmailAddress", "OwnerIdName"),
            Role.OPT_OUT: ("Do Not Call", "Do Not Email", "Opted Out Email"),
            Role.STATUS: ("Lead Stage", "ProspectStage"),
            Role.SOURCE: ("Lead Source", "Source"),
        },
        notes=("LeadSquared writes the owner's name unless the e-mail was chosen for the export.",),
    ),
    Export(
        name="Mailchimp",
        slug="mailchimp",
        known_by=(
            ("Email Address", "MEMBER_RATING", "LEID"),
            ("Email Address", "OPTIN_TIME", "CONFIRM_TIME"),
            ("Email Address", "MEMBER_RATING", "OPTIN_TIME"),
        ),
        roles={
            Role.CRM_ID: ("EUID", "LEID"),
            Role.FIRST_NAME: ("First Name",),
            Role.LAST_NAME: ("Last Name",),
            Role.PHONE: ("Phone Number", "Phone", "SMS Phone Number"),
            Role.OPT_IN: ("CONFIRM_TIME", "OPTIN_TIME"),
            Role.CREATED: (),
            Role.OWNER: (),
            Role.COUNTRY: ("CC", "Country"),
            Role.STATE: ("REGION",),
            Role.EMAIL: ("Email Address",),
            Role.STREET: ("Address",),
        },
        notes=(
            "CONFIRM_TIME is when the person confirmed, OPTIN_TIME when the form was filled in; both in UTC.",
            "Export the subscribed contacts: Mailchimp puts the unsubscribed ones into a file of their own.",
        ),
        timezone="UTC",
    ),
    Export(
        name="Google Contacts",
        slug="google-contacts",
        known_by=(
            ("First Name", "Last Name", "Phone 1 - Label", "Phone 1 - Value"),
            ("Given Name", "Family Name", "Phone 1 - Value"),
        ),
        roles={
            Role.CRM_ID: (),
            Role.FIRST_NAME: ("First Name", "Given Name"),
            Role.LAST_NAME: ("Last Name", "Family Name"),
            Role.FULL_NAME: ("Name", "File As"),
            Role.PHONE: ("Phone 1 - Value", "Phone 2 - Value", "Phone 3 - Value"),
            Role.OPT_IN: (),
            Role.CREATED: (),
            Role.OWNER: (),
            Role.EMAIL: ("E-mail 1 - Value", "E-mail 2 - Value"),
            Role.COMPANY: ("Organization Name", "Organization 1 - Name"),
            Role.JOB_TITLE: ("Organization Title", "Organization 1 - Title"),
            Role.STREET: ("Address 1 - Street",),
            Role.POSTAL_CODE: ("Address 1 - Postal Code",),
            Role.CITY: ("Address 1 - City",),
            Role.STATE: ("Address 1 - Region",),
            Role.COUNTRY: ("Address 1 - Country",),
        },
        notes=(
            "Google exports no id of a contact, and several numbers of one kind in one cell, parted by “:::”.",
            "An address book is no list of people who agreed to be contacted: keep to the label that is meant.",
        ),
    ),
    Export(
        name="Outlook",
        slug="outlook",
        known_by=(("First Name", "Last Name", "E-mail Address", "Business Phone", "Mobile Phone"),),
        roles={
            Role.CRM_ID: (),
            Role.FIRST_NAME: ("First Name",),
            Role.LAST_NAME: ("Last Name",),
            Role.PHONE: ("Mobile Phone", "Primary Phone", "Business Phone", "Home Phone"),
            Role.OPT_IN: (),
            Role.CREATED: (),
            Role.OWNER: (),
            Role.EMAIL: ("E-mail Address",),
            Role.COMPANY: ("Company",),
            Role.JOB_TITLE: ("Job Title",),
            Role.STREET: ("Business Street", "Home Street"),
            Role.POSTAL_CODE: ("Business Postal Code", "Home Postal Code"),
            Role.CITY: ("Business City", "Home City"),
            Role.STATE: ("Business State", "Home State"),
            Role.COUNTRY: ("Business Country/Region", "Business Country", "Home Country/Region", "Home Country"),
        },
        notes=(
            "Outlook exports no id of a contact. In other languages it has other headers.",
            "An address book is no list of people who agreed to be contacted: keep to the category that is meant.",
        ),
    ),
)
"""In this order, the more particular before the more general."""


def recognized(names: Iterable[str]) -> Export | None:
    """The program that this header is an export of, if it is one that is known."""
    keys = {squeezed(name) for name in names}
    for export in EXPORTS:
        if any(all(squeezed(name) in keys for name in header) for header in export.known_by):
            return export
    return None

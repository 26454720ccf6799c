"""exports/*.csv: what well-known programs export, in the shape of their headers; all people are invented."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from people import BRITAIN, GERMANY, INDIA, UNITED_STATES, Country, Dice

if TYPE_CHECKING:
    from pathlib import Path

ROWS: Final = 12
COUNTRIES: Final = (INDIA, INDIA, BRITAIN, UNITED_STATES, INDIA, GERMANY)
OWNERS: Final = ("Asha Rao", "Ben Okafor", "Cara Lind")
COMPANIES: Final = ("Lotus Traders", "Harbour Freight Ltd", "Blue Finch Studio", "Kestrel & Sons", "Nordlicht GmbH")
TITLES: Final = ("Head of sales", "Owner", "Buyer", "Office manager")


class Person:
    """An invented person; the serial number decides everything."""

    def __init__(self, serial: int) -> None:
        dice = Dice(serial)
        country: Country = COUNTRIES[serial % len(COUNTRIES)]
        self.serial = serial
        self.given = dice.one_of(country.given)
        self.family = dice.one_of(country.family)
        self.country = country.names[-1] if country.code == "DE" else country.names[0]
        self.code = country.code
        self.city = dice.one_of(country.cities)
        self.phone = f"+{country.calling} {country.number(40 + serial)}"
        self.national = country.national.format(f"{40 + serial:0{country.digits}d}")
        self.company = dice.one_of(COMPANIES)
        self.title = dice.one_of(TITLES)
        self.email = f"person{serial}@mail.example"
        self.owner = OWNERS[serial % len(OWNERS)]
        self.moment = datetime(2025, 2, 3, 9, 30) + timedelta(days=9 * serial, minutes=37 * serial)  # noqa: DTZ001
        self.zip = f"{10000 + 731 * serial}"

    @property
    def name(self) -> str:
        """The full name."""
        return f"{self.given} {self.family}"

    @property
    def owner_email(self) -> str:
        """The owner's e-mail address."""
        return f"{self.owner.split()[0].lower()}@leads.example"

    def at(self, form: str) -> str:
        """The moment in a form of `strftime`."""
        return self.moment.strftime(form)


Columns = dict[str, Callable[[Person], str]]


def _stage(*stages: str) -> Callable[[Person], str]:
    return lambda person: stages[person.serial % len(stages)]


def _blank(person: Person) -> str:  # noqa: ARG001
    return ""


_NAMES: Final[Columns] = {"First Name": lambda p: p.given, "Last Name": lambda p: p.family}

HUBSPOT: Final[Columns] = {
    "Record ID": lambda p: str(51_800_400_100 + 17 * p.serial),
    **_NAMES,
    "Email": lambda p: p.email,
    "Phone Number": lambda p: p.phone if p.serial % 4 else "",
    "Mobile Phone Number": lambda p: "" if p.serial % 4 else p.phone,
    "Contact owner": lambda p: p.owner,
    "Lead Status": _stage("NEW", "OPEN", "IN_PROGRESS", "CONNECTED"),
    "Lifecycle Stage": _stage("Lead", "Marketing Qualified Lead"),
    "Job Title": lambda p: p.title,
    "Company Name": lambda p: p.company,
    "City": lambda p: p.city,
    "Country/Region": lambda p: p.country,
    "Create Date": lambda p: p.at("%Y-%m-%d %H:%M"),
    "Unsubscribed from all email": _stage("false", "false", "true"),
}

SALESFORCE: Final[Columns] = {
    "Id": lambda p: f"00Q5g00000Kx{p.serial:02d}aEAA",
    "IsDeleted": lambda p: "false",  # noqa: ARG005
    "LastName": lambda p: p.family,
    "FirstName": lambda p: p.given,
    "Title": lambda p: p.title,
    "Company": lambda p: p.company,
    "City": lambda p: p.city,
    "Country": lambda p: p.country,
    "Phone": lambda p: p.national if p.serial % 3 else "",
    "MobilePhone": lambda p: "" if p.serial % 3 else p.phone,
    "Email": lambda p: p.email,
    "LeadSource": _stage("Web", "Phone Inquiry", "Partner Referral"),
    "Status": _stage("Open - Not Contacted", "Working - Contacted"),
    "OwnerId": lambda p: f"0055g00000Ab{p.serial % 3}cdAAC",
    "HasOptedOutOfEmail": _stage("false", "false", "false", "true"),
    "IsConverted": lambda p: "false",  # noqa: ARG005
    "DoNotCall": _stage("false", "false", "false", "false", "true"),
    "CreatedDate": lambda p: p.at("%Y-%m-%dT%H:%M:%S.000Z"),
}

ZOHO: Final[Columns] = {
    "Record Id": lambda p: f"zcrm_48763210000004{p.serial:04d}",
    "Lead Owner.id": lambda p: f"zcrm_4876321000000{p.serial % 3:05d}",
    "Lead Owner": lambda p: p.owner,
    "Company": lambda p: p.company,
    **_NAMES,
    "Email": lambda p: p.email,
    "Phone": lambda p: "" if p.serial % 3 else p.phone,
    "Mobile": lambda p: p.phone if p.serial % 3 else "",
    "Lead Source": _stage("Advertisement", "Cold Call", "Web Research"),
    "Lead Status": _stage("Attempted to Contact", "Contact in Future", "Not Contacted"),
    "Created Time": lambda p: p.at("%Y-%m-%d %H:%M:%S"),
    "Email Opt Out": _stage("false", "true", "false"),
    "City": lambda p: p.city,
    "Country": lambda p: p.country,
}

PIPEDRIVE: Final[Columns] = {
    "Person - ID": lambda p: str(100 + 3 * p.serial),
    "Person - Name": lambda p: p.name,
    "Person - Label": _stage("Hot lead", "", "Warm lead"),
    "Person - Organization": lambda p: p.company,
    "Person - Email - Work": lambda p: p.email,
    "Person - Email - Home": _blank,
    "Person - Phone - Work": lambda p: p.phone if p.serial % 5 else "",
    "Person - Phone - Mobile": lambda p: "" if p.serial % 5 else p.phone,
    "Person - Owner": lambda p: p.owner,
    "Person - Marketing status": _stage("Subscribed", "Subscribed", "Unsubscribed"),
    "Person - Person created": lambda p: p.at("%Y-%m-%d %H:%M:%S"),
}

FRESHSALES: Final[Columns] = {
    "Id": lambda p: str(70_012_345_000 + 11 * p.serial),
    "First name": lambda p: p.given,
    "Last name": lambda p: p.family,
    "Job title": lambda p: p.title,
    "Emails": lambda p: p.email,
    "Work": lambda p: p.phone if p.serial % 2 else "",
    "Mobile": lambda p: "" if p.serial % 2 else p.phone,
    "Sales owner": lambda p: p.owner_email,
    "Lifecycle stage": _stage("Lead", "Sales Qualified Lead"),
    "Status": _stage("New", "Contacted", "Interested"),
    "City": lambda p: p.city,
    "Country": lambda p: p.country,
    "Created at": lambda p: p.at("%Y-%m-%dT%H:%M:%S+05:30"),
}

LEADSQUARED: Final[Columns] = {
    "Prospect ID": lambda p: f"5d2f6a10-7c1e-4b7a-9a3e-{p.serial:012d}",
    "Lead Number": lambda p: str(2001 + p.serial),
    **_NAMES,
    "Email": lambda p: p.email,
    "Phone Number": lambda p: p.phone.replace(" ", "-"),
    "Mobile Number": _blank,
    "Lead Source": _stage("Organic Search", "Referral Sites", "Pay per Click Ads"),
    "Lead Stage": _stage("Prospect", "Opportunity", "Contacted"),
    "Owner": lambda p: p.owner_email,
    "Do Not Call": _stage("No", "No", "Yes"),
    "City": lambda p: p.city,
    "Created On": lambda p: p.at("%Y-%m-%d %H:%M:%S"),
}

MAILCHIMP: Final[Columns] = {
    "Email Address": lambda p: p.email,
    **_NAMES,
    "Phone Number": lambda p: p.phone,
    "MEMBER_RATING": _stage("2", "3", "5"),
    "OPTIN_TIME": lambda p: p.at("%Y-%m-%d %H:%M:%S") if p.serial % 2 else "",
    "OPTIN_IP": lambda p: f"192.0.2.{p.serial}" if p.serial % 2 else "",
    "CONFIRM_TIME": lambda p: p.at("%Y-%m-%d %H:%M:%S"),
    "CONFIRM_IP": lambda p: f"192.0.2.{p.serial}",
    "TIMEZONE": _blank,
    "CC": lambda p: p.code,
    "REGION": _blank,
    "LAST_CHANGED": lambda p: p.at("%Y-%m-%d %H:%M:%S"),
    "LEID": lambda p: str(55_331_250 + p.serial),
    "EUID": lambda p: f"{0x89501A00F0 + 977 * p.serial:010x}",
    "NOTES": _blank,
    "TAGS": _stage('"webinar"', '"webinar","fair"', ""),
}

GOOGLE: Final[Columns] = {
    "First Name": lambda p: p.given,
    "Middle Name": _blank,
    "Last Name": lambda p: p.family,
    "Phonetic First Name": _blank,
    "Phonetic Middle Name": _blank,
    "Phonetic Last Name": _blank,
    "Name Prefix": _blank,
    "Name Suffix": _blank,
    "Nickname": _blank,
    "File As": _blank,
    "Organization Name": lambda p: p.company,
    "Organization Title": lambda p: p.title,
    "Organization Department": _blank,
    "Birthday": _blank,
    "Notes": _blank,
    "Photo": _blank,
    "Labels": _stage("Customers ::: * myContacts", "* myContacts"),
    "E-mail 1 - Label": lambda p: "* Work",  # noqa: ARG005
    "E-mail 1 - Value": lambda p: p.email,
    "Phone 1 - Label": lambda p: "Mobile",  # noqa: ARG005
    "Phone 1 - Value": lambda p: p.phone,
    "Phone 2 - Label": _blank,
    "Phone 2 - Value": _blank,
}

OUTLOOK: Final[Columns] = {
    "Title": _blank,
    "First Name": lambda p: p.given,
    "Middle Name": _blank,
    "Last Name": lambda p: p.family,
    "Suffix": _blank,
    "Company": lambda p: p.company,
    "Department": _blank,
    "Job Title": lambda p: p.title,
    "Business Street": _blank,
    "Business City": lambda p: p.city,
    "Business State": _blank,
    "Business Postal Code": lambda p: p.zip,
    "Business Country/Region": lambda p: p.country,
    "Business Fax": _blank,
    "Business Phone": lambda p: p.national if p.serial % 2 else "",
    "Home Phone": _blank,
    "Mobile Phone": lambda p: "" if p.serial % 2 else p.national,
    "Other Phone": _blank,
    "Pager": _blank,
    "Primary Phone": _blank,
    "Birthday": lambda p: "0/0/00",  # noqa: ARG005
    "Categories": _stage("Customers", ""),
    "E-mail Address": lambda p: p.email,
    "E-mail Type": lambda p: "SMTP",  # noqa: ARG005
    "E-mail Display Name": lambda p: f"{p.name} ({p.email})",
    "Notes": _blank,
    "Web Page": _blank,
}

EXPORTS: Final = {
    "hubspot": HUBSPOT,
    "salesforce": SALESFORCE,
    "zoho": ZOHO,
    "pipedrive": PIPEDRIVE,
    "freshsales": FRESHSALES,
    "leadsquared": LEADSQUARED,
    "mailchimp": MAILCHIMP,
    "google-contacts": GOOGLE,
    "outlook": OUTLOOK,
}


def write(folder: Path) -> None:
    """Write one file per program; the same bytes every time."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, columns in EXPORTS.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            _table(csv.writer(file, lineterminator="\r\n"), columns, [Person(serial) for serial in range(1, ROWS + 1)])


def _table(lines: Any, columns: Columns, people: Sequence[Person]) -> None:
    lines.writerow(columns)
    lines.writerows([cell(person) for cell in columns.values()] for person in people)

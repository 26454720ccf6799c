"""The script a person would write: pandas, then phonenumbers row by row, and two files at the end."""

import sys
from datetime import datetime
from pathlib import Path

import pandas
import phonenumbers

OPT_IN = ("%d/%m/%Y %H:%M", "%d/%m/%Y", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d")
SIGNED_UP = ("%d.%m.%Y", "%Y-%m-%d")


def phone(row):
    number = phonenumbers.parse(row["Mobile"], row["Country"])
    if not phonenumbers.is_valid_number(number):
        raise ValueError("not a phone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def date(text, formats):
    for form in formats:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    raise ValueError(f"not a date: {text}")


def lead(row):
    if not row["Lead ID"] or not row["First name"]:
        raise ValueError("blank")
    if "@" not in row["E-mail"] or " " in row["E-mail"]:
        raise ValueError("not an e-mail address")
    score = int(row["Score"])
    if not 0 <= score <= 100:
        raise ValueError("score")
    return {
        "crm_id": row["Lead ID"],
        "first_name": row["First name"],
        "last_name": row["Last name"],
        "phone_number": phone(row),
        "opt_in_date": int(date(row["Opt-in"], OPT_IN).timestamp()),
        "email": row["E-mail"].lower(),
        "signed_up": date(row["Signed up"], SIGNED_UP).date().isoformat(),
        "city": row["City"],
        "score": score,
        "notes": row["Notes"],
        "owner": row["Owner"],
    }


source, folder = Path(sys.argv[1]), Path(sys.argv[2])
read = pandas.read_excel if source.suffix == ".xlsx" else pandas.read_csv
frame = read(source, dtype=str).fillna("")
good, bad = [], []
for number, row in frame.iterrows():
    try:
        good.append(lead(row))
    except (ValueError, phonenumbers.NumberParseException) as error:
        bad.append({"row": number + 2, "error": str(error), **row})
leads = pandas.DataFrame(good).drop_duplicates("crm_id")
leads.to_csv(folder / "leads.csv", index=False)
pandas.DataFrame(bad).to_csv(folder / "errors.csv", index=False)
assert len(leads)
assert len(bad)

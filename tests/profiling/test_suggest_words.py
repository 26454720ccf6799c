"""The table of headers: every word in it works, and what stands inside of longer names."""

import pytest

from importer.profiling.header_words import WORDS, Role, is_row_number, meanings, squeezed, words_of

EVERY = [(role, " ".join(word.split())) for role, words in WORDS.items() for word in words.split(",")]


@pytest.mark.parametrize(("role", "word"), EVERY, ids=[f"{role}: {word}" for role, word in EVERY])
def test_every_word_of_the_table_has_its_role(role: Role, word: str) -> None:
    for spelt in (word, word.upper(), word.title(), word.replace(" ", "_"), f"  {word.replace(' ', '-')} "):
        assert meanings(spelt).get(role, 0) > 0.8, spelt


def test_no_word_is_empty_or_twice_in_its_role() -> None:
    keys = [(role, squeezed(word)) for role, word in EVERY]
    assert all(key for _, key in keys)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("FirstName", ("first", "name")),
        ("CRMId", ("crm", "id")),
        ("E-Mail-Adresse", ("e", "mail", "adresse")),
        ("Téléphone (portable)", ("telephone", "portable")),
        ("Straße", ("strasse",)),
        ("मोबाइल नंबर", ("मोबाइल", "नंबर")),
        ("Person - Phone - Work", ("person", "phone", "work")),
        ("!?", ()),
    ],
)
def test_words_of_a_header(name: str, words: tuple[str, ...]) -> None:
    assert words_of(name) == words


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Customer's mobile number (WhatsApp)", Role.PHONE),
        ("Your full name, please", Role.FULL_NAME),
        ("Registration date (IST)", Role.OPT_IN),
        ("Mongo ID", Role.CRM_ID),
        ("Lead owner (sales)", Role.OWNER),
    ],
)
def test_a_known_name_inside_of_a_longer_one(name: str, role: Role) -> None:
    found = meanings(name)
    assert max(found, key=lambda each: found[each]) is role


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Assistant's Phone", Role.PHONE),
        ("Business Fax", Role.PHONE),
        ("Phone Type", Role.PHONE),
        ("Owner ID", Role.CRM_ID),
        ("Company name", Role.FULL_NAME),
        ("Campaign name", Role.FULL_NAME),
        ("Date of birth", Role.CREATED),
        ("Last activity", Role.LAST_NAME),
        ("Owner email", Role.EMAIL),
        ("Country/Region", Role.STATE),
        ("Email opt out", Role.EMAIL),
    ],
)
def test_names_of_something_else(name: str, role: Role) -> None:
    assert role not in meanings(name)


@pytest.mark.parametrize("name", ["#", "No.", "Sr. No", "S.No.", "Index", "lfd. Nr.", "Unnamed: 0"])
def test_row_numbers(name: str) -> None:
    assert is_row_number(name)


def test_an_id_is_no_row_number() -> None:
    assert not is_row_number("Lead No")

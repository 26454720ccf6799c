import pytest

from importer.crm.address import (
    checked_base_url,
    checked_org,
    is_addressable,
    is_loopback,
    origin_of,
    segment,
    url_of,
)
from importer.errors import SettingsError
from importer.model.operation import Call, Kind, Operation, RowId


def call(kind: Kind, crm_id: str = "L-1", lead_id: str = "") -> Call:
    operation = Operation(kind=kind, key="k", body=b"{}")
    return Call(row=RowId(0, 2), ordinal=0, operation=operation, crm_id=crm_id, lead_id=lead_id)


@pytest.mark.parametrize(
    ("kind", "lead_id", "path"),
    [
        (Kind.CREATE, "", "/leads"),
        (Kind.CREATE, "u-1", "/leads"),
        (Kind.ASSIGN, "u-1", "/leads/u-1/assign"),
        (Kind.ASSIGN, "", "/leads/L-1/assign"),
        (Kind.EVENT, "u-1", "/leads/u-1/events"),
        (Kind.EVENT, "", "/leads/L-1/events"),
    ],
)
def test_a_follow_up_names_its_lead_by_lead_id_when_it_is_known(kind: Kind, lead_id: str, path: str) -> None:
    assert url_of("https://crm.example", "o1", call(kind, lead_id=lead_id)) == f"https://crm.example/v4/orgs/o1{path}"


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("a/b", "a%2Fb"),
        ("a b", "a%20b"),
        ("ä", "%C3%A4"),
        ("a?b#c", "a%3Fb%23c"),
        ("100%", "100%25"),
        ("a-._~", "a-._~"),
    ],
)
def test_a_segment_is_one_segment(text: str, encoded: str) -> None:
    assert segment(text) == encoded


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://crm.example/", "https://crm.example"),
        ("https://crm.example/base/", "https://crm.example/base"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://localhost:8080", "http://localhost:8080"),
    ],
)
def test_base_urls_that_are_fine(url: str, same: str) -> None:
    assert checked_base_url(url) == same


@pytest.mark.parametrize(
    "url",
    [
        "",
        "crm.example",
        "ftp://crm.example",
        "http://crm.example",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "https://user@crm.example",
        "https://crm.example?x=1",
        "https://crm.example#x",
        "https://169.254.169.254",
        "https://[fe80::1]",
        "https://",
        "file:///etc/passwd",
    ],
)
def test_base_urls_that_could_give_the_key_away(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        checked_base_url(url)
    assert caught.value.tip


@pytest.mark.parametrize("url", ["https://[::1", "https://crm.example:99999", "https://crm.example:abc"])
def test_base_urls_that_are_malformed(url: str) -> None:
    with pytest.raises(SettingsError):
        checked_base_url(url)


def test_loopback() -> None:
    assert is_loopback("http://127.3.2.1")
    assert is_loopback("http://[::1]:1")
    assert not is_loopback("http://0.0.0.0")
    assert not is_loopback("https://127.0.0.1.example")


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://CRM.Example:8443/base", "https://crm.example:8443"),
        ("https://crm.example:443", "https://crm.example"),
        ("HTTPS://CRM.example:0443/", "https://crm.example"),
        ("https://crm.example:", "https://crm.example"),
        ("https://crm.example:80", "https://crm.example:80"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://127.0.0.1:443", "http://127.0.0.1:443"),
        ("https://[FD00::1]:443", "https://[fd00::1]"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_the_origin_has_one_spelling(url: str, origin: str) -> None:
    assert origin_of(url) == origin
    assert origin_of(origin) == origin


@pytest.mark.parametrize("text", ["", ".", ".."])
def test_no_segment_is_a_step_to_another_address(text: str) -> None:
    with pytest.raises(ValueError, match="another address"):
        segment(text)
    with pytest.raises(SettingsError):
        checked_org(text)
    assert not is_addressable(text)


@pytest.mark.parametrize(("text", "fits"), [("x" * 2048, True), ("x" * 2049, False), ("ä" * 400, False)])
def test_an_id_is_no_longer_than_addresses_may_be(text: str, fits: bool) -> None:
    assert is_addressable(text) is fits


@pytest.mark.parametrize("org", ["a\nb", "a\u202eb", "\x1b[2J"])
def test_an_organization_that_cannot_stand_in_an_address_is_refused(org: str) -> None:
    with pytest.raises(SettingsError, match="cannot be part of a URL") as caught:
        checked_org(org)
    assert caught.value.tip


@pytest.mark.parametrize("org", ["o1", "4711", "a-b_c.d", "…", "org/7 ä"])
def test_other_organizations_are_fine(org: str) -> None:
    assert checked_org(org) == org

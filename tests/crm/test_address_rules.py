"""Which addresses a credential may travel to, and that no spelling of an address gets around it."""

import pytest

from importer.crm.address import address_of, checked_base_url, is_this_machine, objection
from importer.errors import SettingsError

ALWAYS = [
    "169.254.169.254",
    "169.254.0.1",
    "fe80::1",
    "fe80::1%1",
    "fd00:ec2::254",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "0.0.0.0",
    "::",
    "224.0.0.1",
    "ff02::1",
    "240.0.0.1",
    "255.255.255.255",
]
PRIVATE = ["10.0.0.7", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd12::1", "::ffff:10.0.0.7", "127.0.0.1", "::1"]


def why(address: str, *, host: str = "crm.example", allow_private: bool = False) -> str:
    found = address_of(address)
    assert found is not None
    return objection(host, found, allow_private=allow_private)


@pytest.mark.parametrize("address", ALWAYS)
@pytest.mark.parametrize("allow_private", [False, True])
def test_some_addresses_are_never_reached(address: str, allow_private: bool) -> None:
    assert why(address, allow_private=allow_private)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_network_is_reached_only_when_somebody_says_so(address: str) -> None:
    assert why(address) == "a private address"
    assert why(address, allow_private=True) == ""


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
def test_public_addresses_are_fine(address: str) -> None:
    assert why(address) == ""


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "127.9.9.9"])
def test_this_machine_is_this_machine(host: str) -> None:
    assert is_this_machine(host)
    assert why("127.0.0.1", host=host) == ""
    assert why("93.184.216.34", host=host, allow_private=True) == "not this machine"


@pytest.mark.parametrize("address", [*ALWAYS, *PRIVATE[:6]])
def test_an_address_in_the_base_url_is_refused_before_anything_is_opened(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(SettingsError) as caught:
        checked_base_url(f"https://{host}")
    assert ("--allow-private" in caught.value.message) == (address in PRIVATE)
    if address in PRIVATE:
        assert checked_base_url(f"https://{host}/", allow_private=True) == f"https://{host}"


@pytest.mark.parametrize(
    "url",
    [
        "https://crm.example?",
        "https://crm.example#",
        "https://@crm.example",
        "https://crm.example\\@evil.example",
        "https://crm.example\t.evil.example",
        " https://crm.example",
        "https://crm.ex\u0430mple",
        "https://crm.example\n",
        "http://127.1",
        "http://2130706433",
        "http://0x7f000001",
        "http://localhost.",
    ],
)
def test_spellings_that_programs_read_differently_are_refused(url: str) -> None:
    with pytest.raises(SettingsError):
        checked_base_url(url, allow_private=True)


def test_a_password_in_the_base_url_is_not_repeated() -> None:
    with pytest.raises(SettingsError) as caught:
        checked_base_url("https://user:hunter2-and-more@crm.example")
    assert "hunter2" not in caught.value.message
    assert "crm.example" in caught.value.message

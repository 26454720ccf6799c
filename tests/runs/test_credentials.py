"""Where a credential may come from, in which order, and for which server it is meant."""

import sys
from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.backend
import keyring.errors
import pytest

from importer.crm.credential import CredentialKind
from importer.errors import SettingsError
from importer.runs.settings import Settings, load_settings

LIVE = "https://apis.saleschat.pro"
TEST = "https://leads-test.example"


class Drawer(keyring.backend.KeyringBackend):
    """A keyring in memory."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.passwords: dict[tuple[str, str], str] = {}
        self.is_locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.is_locked:
            raise keyring.errors.KeyringLocked("locked-secret-in-a-message")
        return self.passwords.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.passwords[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.passwords[service, username]


@pytest.fixture
def drawer() -> Iterator[Drawer]:
    before, drawer = keyring.get_keyring(), Drawer()
    keyring.set_keyring(drawer)
    yield drawer
    keyring.set_keyring(before)


def settings(folder: Path, *, profile: str = "", environment: dict[str, str] | None = None, **flags: str) -> Settings:
    return load_settings(flags, profile=profile, environment=environment or {}, folder=folder)


def key_file(folder: Path, text: str | bytes = "key-of-the-file\n", mode: int = 0o600, name: str = "key") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path


def secret(found: Settings) -> str:
    (value,) = found.credential_reader()().headers().values()
    return value


# the order


def test_the_file_comes_first_then_the_environment_then_the_keyring(tmp_path: Path, drawer: Drawer) -> None:
    drawer.set_password("saleschat-importer", f"o1@{LIVE}", "key-of-the-ring")
    environment = {"SALESCHAT_API_KEY": "key-of-the-env", "SALESCHAT_TOKEN": "token-of-the-env"}
    named = str(key_file(tmp_path))
    assert secret(settings(tmp_path, org="o1", api_key_file=named, environment=environment)) == "key-of-the-file"
    assert secret(settings(tmp_path, org="o1", environment=environment)) == "key-of-the-env"
    del environment["SALESCHAT_API_KEY"]
    assert secret(settings(tmp_path, org="o1", environment=environment)) == "Bearer token-of-the-env"
    credential = settings(tmp_path, org="o1").credential_reader()()
    assert credential.kind is CredentialKind.API_KEY
    assert credential.headers() == {"x-org-api-key": "key-of-the-ring"}
    assert credential.source == f"the keyring (o1@{LIVE})"


# the keyring


def test_a_key_of_the_keyring_is_for_one_organization_on_one_server(tmp_path: Path, drawer: Drawer) -> None:
    drawer.set_password("saleschat-importer", f"o1@{LIVE}", "key-of-the-ring")
    for other in ({"org": "o2"}, {"org": "o1", "base_url": TEST}, {"org": ""}):
        with pytest.raises(SettingsError, match="no credential"):
            settings(tmp_path, **other).credential_reader()()
    assert secret(settings(tmp_path, org="o1", base_url=f"{LIVE}/")) == "key-of-the-ring"


def test_25_a_key_kept_under_a_spelled_out_default_port_is_still_found(tmp_path: Path, drawer: Drawer) -> None:
    drawer.set_password("saleschat-importer", "o1@https://crm.example:443", "key-of-the-ring")
    assert secret(settings(tmp_path, org="o1", base_url="https://CRM.example:443")) == "key-of-the-ring"


def test_without_a_credential_the_message_says_how_to_put_one_into_the_keyring(tmp_path: Path, drawer: Drawer) -> None:
    with pytest.raises(SettingsError) as caught:
        settings(tmp_path, org="o1").credential_reader()()
    assert f"`keyring set saleschat-importer o1@{LIVE}`" in caught.value.tip


def test_a_locked_keyring_is_said_without_its_own_words(tmp_path: Path, drawer: Drawer) -> None:
    drawer.is_locked = True
    with pytest.raises(SettingsError) as caught:
        settings(tmp_path, org="o1").credential_reader()()
    assert "the keyring cannot be read: KeyringLocked" in caught.value.message
    assert "locked-secret" not in repr(caught.value)


def test_where_the_package_is_not_installed_there_is_no_keyring(
    tmp_path: Path, drawer: Drawer, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawer.set_password("saleschat-importer", f"o1@{LIVE}", "key-of-the-ring")
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(SettingsError, match="no credential"):
        settings(tmp_path, org="o1").credential_reader()()


# the key file


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o777])
def test_a_file_that_others_may_open_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(SettingsError) as caught:
        secret(settings(tmp_path, org="o1", api_key_file=str(key_file(tmp_path, mode=mode))))
    assert "can be read by others" in caught.value.message
    assert "chmod 600" in caught.value.tip


def test_the_file_that_a_link_leads_to_is_what_counts(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(key_file(tmp_path, mode=0o644))
    with pytest.raises(SettingsError, match="by others"):
        secret(settings(tmp_path, org="o1", api_key_file=str(link)))
    (tmp_path / "key").chmod(0o400)
    assert secret(settings(tmp_path, org="o1", api_key_file=str(link))) == "key-of-the-file"


@pytest.mark.parametrize(
    "content", [b"", b"short", b"two words-or-more", b"line-one\nline-two", b"\xff\xfe-no-text-at-all", b"x" * 513]
)
def test_a_file_with_anything_else_in_it_is_refused_and_not_quoted(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(SettingsError) as caught:
        secret(settings(tmp_path, org="o1", api_key_file=str(key_file(tmp_path, content))))
    said = f"{caught.value.message} {caught.value.tip} {caught.value.__cause__!r}"
    assert not any(word in said for word in ("short", "two words", "line-one", "no-text", "xxxx"))


def test_a_device_without_end_is_no_key(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        secret(settings(tmp_path, org="o1", api_key_file="/dev/zero"))


# one server for one key


def written(folder: Path, text: str) -> None:
    (folder / "importer.toml").write_text(text)


PROFILES = """\
api_key_file = "{key}"
[profiles.test]
base_url = "https://leads-test.example"
[profiles.paired]
base_url = "https://leads-test.example/"
api_key_file = "{key}"
"""


def test_a_key_file_of_the_settings_goes_only_to_the_server_that_is_named_beside_it(tmp_path: Path) -> None:
    key = key_file(tmp_path)
    written(tmp_path, PROFILES.format(key=key))
    assert secret(settings(tmp_path, org="o1")) == "key-of-the-file", "beside no server stands the contract's"
    assert secret(settings(tmp_path, org="o1", profile="paired")) == "key-of-the-file"
    assert secret(settings(tmp_path, org="o1", profile="paired", base_url=TEST)) == "key-of-the-file"
    elsewhere = [
        settings(tmp_path, org="o1", profile="test"),
        settings(tmp_path, org="o1", base_url=TEST),
        settings(tmp_path, org="o1", profile="paired", base_url="https://evil.example"),
        settings(tmp_path, org="o1", profile="paired", environment={"SALESCHAT_BASE_URL": f"{TEST}:8443"}),
    ]
    for found in elsewhere:
        with pytest.raises(SettingsError, match="belongs to"):
            found.credential_reader()
    said = settings(tmp_path, org="o1", profile="test", api_key_file=str(key))
    assert secret(said) == "key-of-the-file", "whoever types both means both"


def test_a_mapping_names_neither_server_nor_credential_nor_organization(tmp_path: Path) -> None:
    from importer.errors import MappingError
    from importer.mapping import parse_mapping

    mapping = "version: 1\nname: x\nlead: {crm_id: ID, first_name: Name, phone_number: Phone, attributes: {}}\n"
    parse_mapping(mapping, "m.yaml")
    for key in ("base_url", "org", "api_key", "token", "api_key_file", "ca_file"):
        with pytest.raises(MappingError):
            parse_mapping(f"{mapping}{key}: https://evil.example\n", "m.yaml")


def test_a_private_network_cannot_be_permitted_by_a_file(tmp_path: Path) -> None:
    written(tmp_path, "allow_private = true\n")
    with pytest.raises(SettingsError, match="unknown key"):
        settings(tmp_path)
    written(tmp_path, 'base_url = "https://10.0.0.7"\n')
    with pytest.raises(SettingsError, match="--allow-private"):
        settings(tmp_path).base_url()
    assert load_settings({}, environment={}, folder=tmp_path, allow_private=True).base_url() == "https://10.0.0.7"

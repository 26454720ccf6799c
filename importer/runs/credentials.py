"""Where the credential comes from: a private file, the environment, or the system's keyring; never a command line."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from importer.crm.address import origin_of
from importer.crm.credential import Credential, CredentialKind
from importer.errors import SettingsError

KEYRING_SERVICE: Final = "saleschat-importer"

_LARGEST_FILE: Final = 1 << 14
"""Bytes; what is larger is no key, and a device could be without end."""


def keyring_user(org: str, base_url: str) -> str:
    """Under which name the keyring holds a key: one organisation on one server, so that it goes to no other."""
    return f"{org}@{origin_of(base_url)}"


def read(key_file: Path | None, environment: Mapping[str, str], *, org: str, base_url: str) -> Credential:
    """The credential. Raises SettingsError when there is none, or when it is malformed or open to others."""
    if key_file is not None:
        return Credential(CredentialKind.API_KEY, _read_key(key_file), source=str(key_file))
    if key := environment.get("SALESCHAT_API_KEY"):
        return Credential(CredentialKind.API_KEY, key, source="SALESCHAT_API_KEY")
    if token := environment.get("SALESCHAT_TOKEN"):
        return Credential(CredentialKind.TOKEN, token, source="SALESCHAT_TOKEN")
    user = keyring_user(org, base_url)
    # Earlier versions kept a default port that was written out.
    for name in dict.fromkeys((user, f"{org}@{'/'.join(base_url.lower().split('/')[:3])}")) if org else ():
        if key := _from_keyring(name):
            return Credential(CredentialKind.API_KEY, key, source=f"the keyring ({name})")
    raise SettingsError(
        "no credential is given",
        tip="Set SALESCHAT_API_KEY (or SALESCHAT_TOKEN), give --api-key-file, or put the key into the keyring "
        f"(`keyring set {KEYRING_SERVICE} {user if org else f'ORG{user}'}`); --sandbox needs none.",
    )


def refuse_other_server(key_file: str, *, belongs_to: str, used_at: str) -> None:
    """A key file of `importer.toml` belongs to the server named beside it. Raises SettingsError for any other."""
    if origin_of(belongs_to.rstrip("/")) != origin_of(used_at):
        raise SettingsError(
            f"the key file {key_file} of importer.toml belongs to {belongs_to}, not to {used_at}",
            tip="Give --api-key-file for this server, or write api_key_file beside base_url in its profile.",
        )


def _read_key(path: Path) -> str:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode  # of the file that is read, whatever the name means a moment later
            if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
                raise SettingsError(f"the key file {path} can be read by others", tip=f"Run: chmod 600 {path}")
            return file.read(_LARGEST_FILE).decode().strip()
    except (OSError, ValueError) as error:
        why = "it is no text" if isinstance(error, UnicodeDecodeError) else error
        # Not `from error`: what cannot be decoded would hold the key.
        raise SettingsError(f"the key file {path} cannot be read: {why}", tip="Check --api-key-file.") from None


def _from_keyring(user: str) -> str | None:
    """The key that the system's keyring holds, if the package `keyring` is installed and finds one."""
    try:
        import keyring
        import keyring.errors
    except ImportError:
        return None
    try:
        return keyring.get_password(KEYRING_SERVICE, user)
    except keyring.errors.NoKeyringError:
        return None
    except keyring.errors.KeyringError as error:
        raise SettingsError(
            f"the keyring cannot be read: {type(error).__name__}", tip="Unlock it, or set SALESCHAT_API_KEY."
        ) from None

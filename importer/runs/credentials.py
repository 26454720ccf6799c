"""Where the credential comes from: a private file, the environment, or the system's keyring; never a command line."""

import os
import select
import stat
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from importer.crm.address import origin_of
from importer.crm.credential import Credential, CredentialKind
from importer.errors import SettingsError
from importer.model.visible import file_word

_PIPE_SECONDS: Final = 60.0
"""A program that hands out a key may ask for a password first."""

KEYRING_SERVICE: Final = "saleschat-importer"

_LARGEST_FILE: Final = 1 << 14
"""Bytes; what is larger is no key, and a device could be without end."""


def keyring_user(org: str, base_url: str) -> str:
    """Under which name the keyring holds a key: one organization on one server, so that it goes to no other."""
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
        "no credential found",
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


def is_shell_pipe(path: Path) -> bool:
    """Whether it is a pipe that the shell has opened, `<(pass show key)`: it can be read once."""
    try:
        is_open = str(path).startswith("/dev/fd/") or "/pipe:[" in os.path.realpath(path)
        return is_open and stat.S_ISFIFO(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def _read_key(path: Path) -> str:
    try:
        # Without O_NONBLOCK, a named pipe would be waited for until somebody writes to it.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            mode = os.fstat(descriptor).st_mode  # of the file that is read, whatever the name means a moment later
            if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
                raise SettingsError(
                    f"the key file {path} can be read by others", tip=f"Run: chmod 600 {file_word(path)}"
                )
            if stat.S_ISFIFO(mode):
                return _from_pipe(descriptor, path).decode().strip()
            return file.read(_LARGEST_FILE).decode().strip()
    except (OSError, ValueError) as error:
        why = "it is no text" if isinstance(error, UnicodeDecodeError) else error
        # Not `from error`: what cannot be decoded would hold the key.
        raise SettingsError(f"the key file {path} cannot be read: {why}", tip="Check --api-key-file.") from None


def _from_pipe(descriptor: int, path: Path) -> bytes:
    """All that comes out of a pipe of the shell. Raises SettingsError for another pipe, or when nothing comes."""
    if not is_shell_pipe(path):
        raise SettingsError(
            f"the key file {path} is a named pipe, which may never be written to",
            tip="Give a file, or let the shell make the pipe: --api-key-file <(pass show saleschat).",
        )
    data, until = b"", time.monotonic() + _PIPE_SECONDS
    while len(data) < _LARGEST_FILE:
        if not select.select([descriptor], [], [], max(0.0, until - time.monotonic()))[0]:
            raise SettingsError(
                f"no key came out of {path} within {_PIPE_SECONDS:.0f} s", tip="Run the command in <(…) by itself."
            )
        if not (read := os.read(descriptor, _LARGEST_FILE - len(data))):
            break
        data += read
    return data


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

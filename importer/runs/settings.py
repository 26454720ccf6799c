"""Settings: flag, then environment, then `importer.toml`, then default; and where each came from."""

import os
import stat
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from importer.crm.address import DEFAULT_BASE_URL, checked_base_url
from importer.crm.credential import Credential, CredentialKind
from importer.errors import SettingsError

SETTINGS_FILE: Final = "importer.toml"

_ENVIRONMENT: Final = {"org": "SALESCHAT_ORG_ID", "base_url": "SALESCHAT_BASE_URL"}
_PROFILE_KEYS: Final = {
    "org": str,
    "base_url": str,
    "api_key_file": str,
    "reports_dir": str,
    "rate": float,
    "concurrency": int,
    "settle": float,
    "assign_spacing": float,
    "timeout": float,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A value and where it came from: `--org`, `SALESCHAT_ORG_ID`, `importer.toml [profiles.x]` or `default`."""

    value: Any
    source: str


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is used, by name. `environment` is kept for the credential, which is read only when it is needed."""

    values: Mapping[str, Setting]
    environment: Mapping[str, str] = field(repr=False)

    def __getitem__(self, name: str) -> Any:
        return self.values[name].value

    def source(self, name: str) -> str:
        """Where the value came from."""
        return self.values[name].source

    def required_org(self) -> str:
        """The organisation; raises SettingsError when nothing names it."""
        org = self["org"]
        if not org:
            raise SettingsError(
                "no organisation is given",
                tip="Give --org ID, set SALESCHAT_ORG_ID, or write org into importer.toml; --sandbox needs none.",
            )
        return str(org)

    def base_url(self) -> str:
        """The checked base URL."""
        return checked_base_url(self["base_url"])

    def credential_reader(self) -> Callable[[], Credential]:
        """A function that reads the credential, now or again later; it raises SettingsError when there is none."""
        key_file = self["api_key_file"]
        return lambda: _credential(Path(key_file) if key_file else None, self.environment)


_DEFAULTS: Final = {
    "org": "",
    "base_url": DEFAULT_BASE_URL,
    "api_key_file": "",
    "reports_dir": "reports",
    "rate": None,
    "concurrency": 16,
    "settle": 60.0,
    "assign_spacing": 10.0,
    "timeout": 60.0,
}


def load_settings(
    flags: Mapping[str, Any], *, profile: str = "", environment: Mapping[str, str] | None = None, folder: Path = Path()
) -> Settings:
    """The settings for these flags (`None` means: not given). Raises SettingsError for a wrong settings file."""
    environment = os.environ if environment is None else environment
    written = _profile(folder / SETTINGS_FILE, profile)
    values = {name: _setting(name, flags, environment, written, profile) for name in _DEFAULTS}
    return Settings(values=values, environment=environment)


def _setting(
    name: str, flags: Mapping[str, Any], environment: Mapping[str, str], written: Mapping[str, Any], profile: str
) -> Setting:
    variable = _ENVIRONMENT.get(name, "")
    if flags.get(name) is not None:
        return Setting(value=flags[name], source=f"--{name.replace('_', '-')}")
    if variable and environment.get(variable):
        return Setting(value=environment[variable], source=variable)
    if name in written:
        return Setting(
            value=written[name], source=f"{SETTINGS_FILE} [profiles.{profile}]" if profile else SETTINGS_FILE
        )
    return Setting(value=_DEFAULTS[name], source="default")


def _profile(path: Path, profile: str) -> dict[str, Any]:
    """The top level of the settings file, overlaid by the chosen profile."""
    if not path.is_file():
        if profile:
            raise SettingsError(
                f"there is no {path} with a profile {profile!r}", tip="Write it, or leave --profile out."
            )
        return {}
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"{path} cannot be read: {error}", tip="It is TOML; see docs/settings.md.") from error
    profiles = document.pop("profiles", {})
    _check_profiles(path, profiles)
    if profile and profile not in profiles:
        known = ", ".join(profiles) or "none"
        raise SettingsError(f"{path} has no profile {profile!r}; it has: {known}", tip="Check --profile.")
    chosen = {**document, **profiles.get(profile, {})}
    for key, value in chosen.items():
        _check_key(path, key, value)
    return {key: _PROFILE_KEYS[key](value) for key, value in chosen.items()}


def _check_profiles(path: Path, profiles: object) -> None:
    if not isinstance(profiles, dict) or not all(isinstance(keys, dict) for keys in profiles.values()):
        raise SettingsError(f"{path}: profiles are written as [profiles.NAME], with keys below", tip="Correct it.")


def _check_key(path: Path, key: str, value: object) -> None:
    if key in ("api_key", "token"):
        raise SettingsError(f"{path}: {key} must not stand there", tip="Put it into a file of its own: api_key_file.")
    if key not in _PROFILE_KEYS:
        raise SettingsError(f"{path}: unknown key {key!r}", tip=f"Known keys: {', '.join(_PROFILE_KEYS)}.")
    wanted = _PROFILE_KEYS[key]
    if isinstance(value, bool) or not isinstance(
        value, int if wanted is int else (int, float) if wanted is float else str
    ):
        raise SettingsError(f"{path}: {key} is {value!r}, but a {wanted.__name__} is needed", tip="Correct it.")


def _credential(key_file: Path | None, environment: Mapping[str, str]) -> Credential:
    if key_file is not None:
        return Credential(CredentialKind.API_KEY, _read_key(key_file), source=str(key_file))
    if key := environment.get("SALESCHAT_API_KEY"):
        return Credential(CredentialKind.API_KEY, key, source="SALESCHAT_API_KEY")
    if token := environment.get("SALESCHAT_TOKEN"):
        return Credential(CredentialKind.TOKEN, token, source="SALESCHAT_TOKEN")
    raise SettingsError(
        "no credential is given",
        tip="Set SALESCHAT_API_KEY (or SALESCHAT_TOKEN), or give --api-key-file; --sandbox needs none.",
    )


def _read_key(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
            raise SettingsError(f"the key file {path} can be read by others", tip=f"Run: chmod 600 {path}")
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"the key file {path} cannot be read: {error}", tip="Check --api-key-file.") from error

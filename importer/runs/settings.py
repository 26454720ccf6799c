"""Settings: flag, then environment, then `importer.toml`, then default; and where each came from."""

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Self

from importer.crm.address import DEFAULT_BASE_URL, checked_base_url, checked_org
from importer.crm.credential import Credential
from importer.crm.trust import Trust
from importer.errors import SettingsError
from importer.runs import credentials

SETTINGS_FILE: Final = "importer.toml"

_ENVIRONMENT: Final = {"org": "SALESCHAT_ORG_ID", "base_url": "SALESCHAT_BASE_URL"}
_PROFILE_KEYS: Final = {
    "org": str,
    "base_url": str,
    "api_key_file": str,
    "ca_file": str,
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
    """What is used, by name. `environment` is kept for the credential, which is read only when it is needed.

    `key_server`: the server that a key file of `importer.toml` belongs to, because it is named beside it there.
    `allow_private` is no setting: only the command line may say so, not a file that others share.
    """

    values: Mapping[str, Setting]
    environment: Mapping[str, str] = field(repr=False)
    key_server: str = ""
    allow_private: bool = False

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
        return checked_org(str(org))

    def base_url(self) -> str:
        """The checked base URL."""
        return checked_base_url(self["base_url"], allow_private=self.allow_private)

    def trust(self) -> Trust:
        """Whom to believe, and whether a private network is fine."""
        return Trust(ca_file=Path(self["ca_file"]) if self["ca_file"] else None, allow_private=self.allow_private)

    def for_org(self, org: str, run_id: str) -> Self:
        """These settings with the organisation of a run, where none is given."""
        return replace(self, values={**self.values, "org": Setting(value=org, source=f"run {run_id}")})

    def credential_reader(self) -> Callable[[], Credential]:
        """A function that reads the credential, now or again later; it raises SettingsError when there is none."""
        base_url, org, key_file = self.base_url(), self["org"], self["api_key_file"]
        if key_file and self.key_server:
            credentials.refuse_other_server(key_file, belongs_to=self.key_server, used_at=base_url)
        return lambda: credentials.read(
            Path(key_file) if key_file else None, self.environment, org=org, base_url=base_url
        )


_DEFAULTS: Final = {
    "org": "",
    "base_url": DEFAULT_BASE_URL,
    "api_key_file": "",
    "ca_file": "",
    "reports_dir": "reports",
    "rate": None,
    "concurrency": 16,
    "settle": 60.0,
    "assign_spacing": 10.0,
    "timeout": 60.0,
}


FLAGS: Final = tuple(name for name in _DEFAULTS if name != "assign_spacing")
"""The settings that an option of the same name can give."""


def load_settings(
    flags: Mapping[str, Any],
    *,
    profile: str = "",
    environment: Mapping[str, str] | None = None,
    folder: Path = Path(),
    allow_private: bool = False,
) -> Settings:
    """The settings for these flags (`None` means: not given). Raises SettingsError for a wrong settings file."""
    environment = os.environ if environment is None else environment
    tables = _tables(folder / SETTINGS_FILE, profile)
    written = {key: value for table in tables for key, value in table.items()}
    values = {name: _setting(name, flags, environment, written, profile) for name in _DEFAULTS}
    if "@" in values["base_url"].value:
        checked_base_url(values["base_url"].value)  # a password in it would get into journal and messages
    from_file = values["api_key_file"].source.startswith(SETTINGS_FILE)
    return Settings(
        values=values,
        environment=environment,
        key_server=_key_server(tables) if from_file else "",
        allow_private=allow_private,
    )


def _key_server(tables: list[dict[str, Any]]) -> str:
    """The server that stands in the same table as the key file, or above it; else the contract's."""
    key_table = max(position for position, table in enumerate(tables) if "api_key_file" in table)
    named = [table["base_url"] for table in tables[: key_table + 1] if "base_url" in table]
    return named[-1] if named else DEFAULT_BASE_URL


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


def _tables(path: Path, profile: str) -> list[dict[str, Any]]:
    """The top level of the settings file and the chosen profile, which overlays it."""
    if not path.is_file():
        if profile:
            raise SettingsError(
                f"there is no {path} with a profile {profile!r}", tip="Write it, or leave --profile out."
            )
        return []
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"{path} cannot be read: {error}", tip="It is TOML; see docs/settings.md.") from error
    profiles = document.pop("profiles", {})
    _check_profiles(path, profiles)
    if profile and profile not in profiles:
        known = ", ".join(profiles) or "none"
        raise SettingsError(f"{path} has no profile {profile!r}; it has: {known}", tip="Check --profile.")
    return [_checked(path, table) for table in (document, profiles.get(profile, {}))]


def _checked(path: Path, table: Mapping[str, Any]) -> dict[str, Any]:
    for key, value in table.items():
        _check_key(path, key, value)
    return {key: _PROFILE_KEYS[key](value) for key, value in table.items()}


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

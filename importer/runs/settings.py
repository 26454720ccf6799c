"""Settings: flag, then environment, then `importer.toml`, then default; and where each came from."""

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, Final, Literal, Self

from importer.crm.address import DEFAULT_BASE_URL, checked_base_url, checked_org, without_secrets
from importer.crm.credential import Credential, CredentialKind
from importer.crm.endpoints import PUBLISHED_RATES
from importer.crm.route import Proxy, Trust, environment_proxy, proxy_for
from importer.errors import SettingsError
from importer.runs import credentials

SETTINGS_FILE: Final = "importer.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One setting: the options of the commands, the keys of `importer.toml` and docs/settings.md are made from it.

    `used_by`: every command, those that name a server, or those that send. A number lies from `lowest` to `highest`,
    whatever its source. `default_shown` says what `None` or an empty text stands for.
    """

    name: str
    help: str
    kind: type[str] | type[int] | type[float] = str
    default: str | float | None = ""
    default_shown: str = ""
    used_by: Literal["all", "server", "sending"] = "sending"
    metavar: str = "N"
    lowest: float = 0.0
    highest: float = 0.0
    has_flag: bool = True
    is_path: bool = False
    variable: str = ""

    @property
    def flag(self) -> str:
        """The option that gives it; empty if there is none."""
        return f"--{self.name.replace('_', '-')}" if self.has_flag else ""

    @property
    def range(self) -> str:
        """The allowed values, in words."""
        if self.kind is str:
            return "text in quotes"
        number = "whole number" if self.kind is int else "number"
        return f"a {number} from {self.lowest:g} to {self.highest:,g}"

    @property
    def default_in_words(self) -> str:
        """The default as people see it."""
        return self.default_shown or f"{self.default:g}"

    def checked(self, value: Any, source: str, *, tip: str = "") -> Any:
        """The value; raises SettingsError, which names the source, for one of the wrong type or out of range."""
        # bool is an int, and a whole number is a number. A path of the command line is no str, and needs no look.
        kinds = (int, float) if self.kind is float else (self.kind,)
        is_number = self.kind is not str
        is_wrong = is_number and (isinstance(value, bool) or not isinstance(value, kinds))
        is_wrong = is_wrong or (not is_number and not isinstance(value, str | Path)) or "\0" in str(value)
        if not is_wrong and (not is_number or self.lowest <= value <= self.highest):
            return self.kind(value) if is_number else value
        subject = source if source in (self.flag, self.variable) else f"{source}: {self.name}"
        # Not a text: somebody who misreads the file may have put a key there.
        seen = f"; it is {_as_written(value):.20}" if is_number and isinstance(value, (int, float)) else ""
        raise SettingsError(
            f"{subject} must be {self.range}{seen}", tip=tip or f"The default is {self.default_in_words}."
        )


def _as_written(value: float) -> str:
    """A number or a yes or no as people write it, also where it was made a float: `0`, `1.5`, `true`."""
    return str(value).lower() if isinstance(value, bool) else str(value).removesuffix(".0")


SETTINGS: Final = {
    entry.name: entry
    for entry in (
        Entry(
            name="org",
            help="The organization.",
            used_by="server",
            metavar="ID",
            variable="SALESCHAT_ORG_ID",
            default_shown="none; required to send",
        ),
        Entry(
            name="base_url",
            help="The server.",
            default=DEFAULT_BASE_URL,
            default_shown=DEFAULT_BASE_URL,
            used_by="server",
            metavar="URL",
            variable="SALESCHAT_BASE_URL",
        ),
        Entry(
            name="api_key_file",
            help="A file (mode 0600) with the API key.",
            default_shown="SALESCHAT_API_KEY or SALESCHAT_TOKEN, else the keyring",
            used_by="server",
            metavar="PATH",
            is_path=True,
        ),
        Entry(
            name="ca_file",
            help="CA bundle (PEM) to trust instead of the public CAs.",
            default_shown="none",
            used_by="server",
            metavar="PATH",
            is_path=True,
        ),
        Entry(
            name="proxy",
            help="The proxy to reach the server through; `env` for the one that HTTPS_PROXY and NO_PROXY name.",
            default_shown="none",
            used_by="server",
            metavar="URL",
        ),
        Entry(
            name="reports_dir",
            help="Where journal and reports are kept.",
            default="reports",
            default_shown="reports",
            used_by="all",
            metavar="PATH",
            is_path=True,
        ),
        Entry(
            name="rate",
            help="Requests per second and endpoint; 0 for no limit.",
            kind=float,
            default=None,
            default_shown=f"{PUBLISHED_RATES[CredentialKind.API_KEY]:g} with an API key, "
            f"{PUBLISHED_RATES[CredentialKind.TOKEN]:g} with a token",
            highest=1000,
        ),
        Entry(
            name="concurrency",
            help="Requests in flight per endpoint.",
            kind=int,
            default=16,
            lowest=1,
            highest=256,
        ),
        Entry(
            name="settle",
            help="How long a timed-out create may still take effect.",
            kind=float,
            default=60.0,
            highest=86_400,
            metavar="SECONDS",
        ),
        Entry(
            name="assign_spacing",
            help="Seconds between two assignments of one lead.",
            kind=float,
            default=10.0,
            highest=3_600,
            metavar="SECONDS",
            has_flag=False,
        ),
        Entry(
            name="timeout",
            help="How long one request may take.",
            kind=float,
            default=60.0,
            lowest=0.1,
            highest=3_600,
            metavar="SECONDS",
        ),
    )
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
        """The organization; raises SettingsError when nothing names it."""
        org = self["org"]
        if not org:
            raise SettingsError(
                "no organization is given",
                tip="Give --org ID, set SALESCHAT_ORG_ID, or write org into importer.toml; --sandbox needs none.",
            )
        return checked_org(str(org))

    def base_url(self) -> str:
        """The checked base URL; raises SettingsError, which names its source."""
        try:
            return checked_base_url(self["base_url"], allow_private=self.allow_private)
        except SettingsError as error:
            raise SettingsError(f"{self.source('base_url')}: {error.message}", tip=error.tip) from None

    def refusals(self) -> list[str]:
        """Why a run would be refused for the server and the organization, as far as they are given."""
        found = []
        for look in (self.base_url, *([self.required_org] if self["org"] else [])):
            try:
                look()
            except SettingsError as error:
                found.append(error.message)
        return found

    def trust(self) -> Trust:
        """Which CA bundle to trust, and whether private addresses are allowed."""
        return Trust(ca_file=Path(self["ca_file"]) if self["ca_file"] else None, allow_private=self.allow_private)

    def proxy(self) -> Proxy | None:
        """The proxy for the base URL, if one is to be used; raises SettingsError, which names its source."""
        try:
            return proxy_for(self.base_url(), self["proxy"], self.environment, allow_private=self.allow_private)
        except SettingsError as error:
            raise SettingsError(f"{self.source('proxy')}: {error.message}", tip=error.tip) from None

    def unused_proxy(self) -> str:
        """A note if the environment names a proxy for the base URL and none is used; else the empty text."""
        name, _ = environment_proxy(self["base_url"], self.environment)
        unused = name and not self["proxy"]
        return f"{name} is set, but no proxy is used. To use it: --proxy env" if unused else ""

    def shown(self, name: str) -> Any:
        """The value as people may see it."""
        return without_secrets(self["proxy"]) if name == "proxy" else self[name]

    def with_value(self, name: str, value: Any, source: str) -> Self:
        """These settings with one that another source names."""
        return replace(self, values={**self.values, name: Setting(value=value, source=source)})

    def credential_kind(self) -> CredentialKind:
        """As what the credential would be sent; nothing is read, so a check needs none."""
        has_key = self["api_key_file"] or self.environment.get("SALESCHAT_API_KEY")
        has_token = not has_key and self.environment.get("SALESCHAT_TOKEN")
        return CredentialKind.TOKEN if has_token else CredentialKind.API_KEY

    def credential_reader(self) -> Callable[[], Credential]:
        """A function that reads the credential each time it is called; it raises SettingsError if there is none."""
        base_url, org, key_file = self.base_url(), self["org"], self["api_key_file"]
        if key_file and self.key_server:
            credentials.refuse_other_server(key_file, belongs_to=self.key_server, used_at=base_url)
        path = Path(key_file) if key_file else None
        read = partial(credentials.read, path, self.environment, org=org, base_url=base_url)
        return cache(read) if path and credentials.is_shell_pipe(path) else read


def load_settings(
    flags: Mapping[str, Any],
    *,
    profile: str = "",
    environment: Mapping[str, str] | None = None,
    folder: Path = Path(),
    allow_private: bool = False,
) -> Settings:
    """The settings for these flags (`None` means: not given). Raises SettingsError for a wrong value or file."""
    environment = os.environ if environment is None else environment
    tables = _tables(folder / SETTINGS_FILE, profile)
    values = {entry.name: _setting(entry, flags, environment, tables) for entry in SETTINGS.values()}
    settings = Settings(
        values=values,
        environment=environment,
        key_server=_key_server(tables) if values["api_key_file"].source in tables else "",
        allow_private=allow_private,
    )
    if {"@", "?", "#"} & {*settings["base_url"]}:
        settings.base_url()  # a password or key in it would get into journal and messages
    return settings


_Tables = dict[str, dict[str, Any]]
"""The tables of the settings file that hold, by what they are called; the later goes before the earlier."""


def _key_server(tables: _Tables) -> str:
    """The server named in the same table as the key file, or above it; else the contract's."""
    server, belongs_to = DEFAULT_BASE_URL, ""
    for table in tables.values():
        server = table.get("base_url", server)
        belongs_to = server if "api_key_file" in table else belongs_to
    return belongs_to


def _setting(entry: Entry, flags: Mapping[str, Any], environment: Mapping[str, str], tables: _Tables) -> Setting:
    sources = {
        entry.flag: flags.get(entry.name),
        entry.variable: environment.get(entry.variable) or None,
        **{source: table.get(entry.name) for source, table in reversed(tables.items())},
    }
    for source, value in sources.items():
        if source and value is not None:
            return Setting(value=entry.checked(value, source), source=source)
    return Setting(value=entry.default, source="default")


def _tables(path: Path, profile: str) -> _Tables:
    """The top level of the settings file and the chosen profile, which overlays it; every value is checked."""
    if not path.is_file():
        if profile:
            raise SettingsError(
                f"profile {profile!r} not found: there is no {path}", tip="Create the file, or omit --profile."
            )
        return {}
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError, OSError) as error:
        raise SettingsError(f"{path} cannot be read: {error}", tip="It is TOML; see docs/settings.md.") from error
    profiles = document.pop("profiles", {})
    _check_profiles(path, profiles)
    if profile and profile not in profiles:
        known = ", ".join(profiles) or "none"
        raise SettingsError(f"{path} has no profile {profile!r}; it has: {known}", tip="Check --profile.")
    tables = {SETTINGS_FILE: document, f"{SETTINGS_FILE} [profiles.{profile}]": profiles.get(profile, {})}
    for source, table in tables.items():
        for key, value in table.items():
            _known(key, path).checked(value, source)
    return tables


def _check_profiles(path: Path, profiles: object) -> None:
    if not isinstance(profiles, dict) or not all(isinstance(keys, dict) for keys in profiles.values()):
        raise SettingsError(
            f"{path}: profiles are written as [profiles.NAME], with keys below", tip="Rewrite them in that form."
        )


def _known(key: str, path: Path) -> Entry:
    if key in ("api_key", "token"):
        raise SettingsError(
            f"{path}: {key} does not belong in this file",
            tip="Put it in a file of its own and name that file: api_key_file.",
        )
    if key not in SETTINGS:
        raise SettingsError(f"{path}: unknown key {key!r}", tip=f"Known keys: {', '.join(SETTINGS)}.")
    return SETTINGS[key]

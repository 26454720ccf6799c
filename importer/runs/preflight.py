"""What would be used, and why a run would not work, before it starts. Never a request to the API."""

import shutil
import socket
import tempfile
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from importer.crm.address import address_of, objection
from importer.crm.route import Proxy
from importer.errors import ImporterError, SettingsError
from importer.journal.database import FILE_NAME
from importer.journal.runs import Journal
from importer.private import refused
from importer.runs.send_lock import lost_commits, sending_lock
from importer.runs.settings import Settings

_ENOUGH_SPACE: Final = 256 << 20
_CONNECT_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the doctor: whether it is fine, what was looked at, what was seen, and what to do.

    `unproven`: nothing is wrong with it, but only a run can tell whether it is right.
    """

    fine: bool
    subject: str
    seen: str
    tip: str = ""
    unproven: bool = False


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at settings, credential, journal, disk and server, in this order."""
    folder = Path(settings["reports_dir"])
    yield _tried("reports", lambda: f"{_writable(folder)} ({settings.source('reports_dir')})")
    yield _tried("journal", lambda: _journal(folder))
    yield _space(folder)
    yield _tried("server", lambda: f"{settings.base_url()} ({settings.source('base_url')})")
    if settings["proxy"] or settings.unused_proxy():
        yield _tried("proxy", lambda: _proxy(settings))
    yield _tried("organization", lambda: f"{settings.required_org()} ({settings.source('org')})")
    yield _credential(settings)
    yield _connection(settings)


def _tried(subject: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(fine=True, subject=subject, seen=look())
    except ImporterError as error:
        return Finding(fine=False, subject=subject, seen=error.message, tip=error.tip)


def _credential(settings: Settings) -> Finding:
    try:
        credential = settings.credential_reader()()
    except ImporterError as error:
        return Finding(fine=False, subject="credential", seen=error.message, tip=error.tip)
    what = f"{credential.kind} from {credential.source}"
    if credential.oddity:
        return Finding(fine=False, subject="credential", seen=f"{what}: {credential.oddity}", tip="Copy it again.")
    seen = f"{what}: its form is fine; whether the server accepts it, only a run can tell"
    return Finding(fine=True, unproven=True, subject="credential", seen=seen)


def _writable(folder: Path) -> Path:
    """The folder, if a file can be written there, or where it would be made; it is removed again."""
    existing = _existing(folder)
    try:
        with tempfile.TemporaryFile(dir=existing):
            return folder
    except OSError as error:
        raise refused(existing, error) from error


def _existing(folder: Path) -> Path:
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())


def _journal(folder: Path) -> str:
    if not (folder / FILE_NAME).exists():
        return f"{folder / FILE_NAME} is not there yet; the first run makes it"
    with Journal(folder, lambda: datetime.now(UTC)) as journal:
        runs = journal.runs()
        health = journal.health()
        if lost := lost_commits(journal):
            raise SettingsError(lost, tip="Put the file back, or see docs/reliability.md (The journal).")
        with sending_lock(folder, "doctor", datetime.now(UTC)):
            return f"{folder / FILE_NAME} is {health}, {len(runs)} runs"


def _space(folder: Path) -> Finding:
    free = shutil.disk_usage(_existing(folder)).free
    seen = f"{free / (1 << 30):.1f} GiB free"
    return Finding(fine=free >= _ENOUGH_SPACE, subject="disk", seen=seen, tip="Free some space: 256 MiB at least.")


def _proxy(settings: Settings) -> str:
    if proxy := settings.proxy():
        return f"{proxy.shown} ({settings.source('proxy')})"
    return settings.unused_proxy() or f"none ({settings.source('proxy')})"


def _connection(settings: Settings) -> Finding:
    """A connection is opened (with TLS, where the address says so) and closed again; the server gets no HTTP at all."""
    try:
        parts = urlsplit(settings.base_url())
        context = settings.trust().context()
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if proxy := settings.proxy():
            return _through_proxy(proxy, parts.hostname or "", port, settings)
        with _connected(parts.hostname or "", port, settings) as plain:
            if parts.scheme == "https":
                with context.wrap_socket(plain, server_hostname=parts.hostname):
                    pass
    except (OSError, HTTPException, ImporterError) as error:
        tip = getattr(error, "tip", "") or "Check --base-url and the network; --ca-file adds a CA of your own."
        return Finding(fine=False, subject="connection", seen=str(error), tip=tip)
    return Finding(fine=True, subject="connection", seen=f"{parts.hostname}:{port} answers")


def _through_proxy(proxy: Proxy, host: str, port: int, settings: Settings) -> Finding:
    """A tunnel is asked for and closed again. To a proxy that is spoken to by https, there is only a connection."""
    parts = urlsplit(proxy.url)
    proxy_port = parts.port or (443 if parts.scheme == "https" else 80)
    _connected(proxy.host, proxy_port, settings).close()
    if parts.scheme == "https":
        return Finding(fine=True, subject="connection", seen=f"{proxy.shown} answers; {host} was not tried through it")
    tunnel = HTTPSConnection(proxy.host, proxy_port, timeout=_CONNECT_SECONDS, context=settings.trust().context())
    user = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    headers = {"Proxy-Authorization": f"Basic {b64encode(user.encode()).decode()}"} if "@" in parts.netloc else {}
    tunnel.set_tunnel(host, port, headers)
    with closing(tunnel):
        tunnel.connect()
    return Finding(fine=True, subject="connection", seen=f"{host}:{port} answers through {proxy.shown}")


def _connected(host: str, port: int, settings: Settings) -> socket.socket:
    plain = socket.create_connection((host, port), timeout=_CONNECT_SECONDS)
    try:
        _look_at(plain.getpeername()[0], host, settings)
    except ImporterError:
        plain.close()
        raise
    return plain


def _look_at(peer: str, host: str, settings: Settings) -> None:
    """Raises SettingsError for an address at which a run would stop."""
    address = address_of(peer)
    if address and (why := objection(host, address, allow_private=settings.allow_private)):
        raise SettingsError(f"{host} leads to {peer}, which is {why}", tip="--allow-private allows a private address.")

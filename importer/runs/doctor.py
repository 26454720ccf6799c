"""What would be used, and why a run would not work, before it starts. Never a request to the API."""

import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from importer.crm.network import address_of, objection
from importer.errors import ImporterError, SettingsError
from importer.journal.database import FILE_NAME
from importer.journal.store import Journal
from importer.runs.lock import sending_lock
from importer.runs.settings import Settings

_ENOUGH_SPACE: Final = 256 << 20
_CONNECT_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the doctor: whether it is fine, what was looked at, what was seen, and what to do."""

    fine: bool
    subject: str
    seen: str
    tip: str = ""


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at settings, credential, journal, disk and server, in this order."""
    folder = Path(settings["reports_dir"])
    yield Finding(fine=True, subject="reports", seen=f"{folder} ({settings.source('reports_dir')})")
    yield _tried("journal", lambda: _journal(folder))
    yield _space(folder)
    yield _tried("server", lambda: f"{settings.base_url()} ({settings.source('base_url')})")
    yield _tried("organisation", lambda: f"{settings.required_org()} ({settings.source('org')})")
    yield _tried("credential", lambda: _credential(settings))
    yield _connection(settings)


def _tried(subject: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(fine=True, subject=subject, seen=look())
    except ImporterError as error:
        return Finding(fine=False, subject=subject, seen=error.message, tip=error.tip)


def _credential(settings: Settings) -> str:
    credential = settings.credential_reader()()
    return f"{credential.kind} from {credential.source}, well-formed"


def _journal(folder: Path) -> str:
    if not (folder / FILE_NAME).exists():
        return f"{folder / FILE_NAME} is not there yet; the first run makes it"
    with Journal(folder, lambda: datetime.now(UTC)) as journal:
        runs = journal.runs()
        health = journal.health()
        with sending_lock(folder, "doctor", datetime.now(UTC)):
            return f"{folder / FILE_NAME} is {health}, {len(runs)} runs"


def _space(folder: Path) -> Finding:
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(existing).free
    seen = f"{free / (1 << 30):.1f} GiB free"
    return Finding(fine=free >= _ENOUGH_SPACE, subject="disk", seen=seen, tip="Free some space: 256 MiB at least.")


def _connection(settings: Settings) -> Finding:
    """A connection is opened (with TLS, where the address says so) and closed again; not a byte of HTTP is sent."""
    try:
        parts = urlsplit(settings.base_url())
        context = settings.trust().context()
        port = parts.port or (443 if parts.scheme == "https" else 80)
        with socket.create_connection((parts.hostname or "", port), timeout=_CONNECT_SECONDS) as plain:
            _look_at(plain.getpeername()[0], parts.hostname or "", settings)
            if parts.scheme == "https":
                with context.wrap_socket(plain, server_hostname=parts.hostname):
                    pass
    except (OSError, ImporterError) as error:
        tip = getattr(error, "tip", "") or "Check --base-url and the network; --ca-file names an authority of your own."
        return Finding(fine=False, subject="connection", seen=str(error), tip=tip)
    return Finding(fine=True, subject="connection", seen=f"{parts.hostname}:{port} answers")


def _look_at(peer: str, host: str, settings: Settings) -> None:
    """Raises SettingsError for an address at which a run would stop."""
    address = address_of(peer)
    if address and (why := objection(host, address, allow_private=settings.allow_private)):
        raise SettingsError(f"{host} leads to {peer}, which is {why}", tip="--allow-private permits a private address.")

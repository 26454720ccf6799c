"""A key that is refused while the run is going on: the run goes on with the new one, or stops; no row pays for it."""

import asyncio
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from importer.crm.credential import Credential, CredentialKind
from importer.crm.observation import Observation
from importer.crm.verdict import Stop
from importer.errors import SettingsError
from importer.exit_codes import ExitCode
from importer.journal.runs import Journal
from importer.model.operation import Call
from importer.runs.settings import load_settings
from importer.sending.dispatcher import Dispatcher
from tests.crm.wire import Wire, http
from tests.push.live import KEY, Reader, Server, Writer, send
from tests.runs.conftest import Push, planned_row
from tests.runs.fake_crm import FakeCrm, error
from tests.virtual_time import VirtualClock

OLD, NEW = "old-key-12345", "new-key-12345"


def key(secret: str) -> Credential:
    return Credential(CredentialKind.API_KEY, secret, source="test")


@dataclass
class KeyedCrm(FakeCrm):
    """Takes the old key until `revoked_at`, the new one from `granted_at` on; in the windows nothing is taken."""

    revoked_at: float = float("inf")
    granted_at: float = 0.0
    windows: list[tuple[float, float]] = field(default_factory=list)
    sent_with: str = OLD

    def use(self, credential: Credential) -> None:
        super().use(credential)
        self.sent_with = credential.headers()["x-org-api-key"]

    async def send(self, call: Call) -> Observation:
        now, secret = asyncio.get_running_loop().time(), self.sent_with
        taken = now < self.revoked_at if secret == OLD else now >= self.granted_at
        if not taken or any(start <= now < end for start, end in self.windows):
            self.calls.append((now, call.operation.kind, call.crm_id))
            await asyncio.sleep(self.latency)
            return error(401, "Authentication is required")
        return await super().send(call)


def prepared(folder: Path, rows: int, **changes: Any) -> tuple[Push, KeyedCrm]:
    crm = KeyedCrm(**changes)
    push = Push(folder=folder, clock=VirtualClock(), crm=crm)
    push.plan([planned_row(number) for number in range(2, rows + 2)])
    return push, crm


def sent(push: Push, replaced_at: float, *, unreadable: tuple[float, float] = (0.0, 0.0)) -> Stop | None:
    """Send with a key file that holds the new key from `replaced_at` on."""

    def reread() -> Credential:
        now = asyncio.get_running_loop().time()
        if unreadable[0] <= now < unreadable[1]:
            raise SettingsError("the key file cannot be read")
        return key(NEW if now >= replaced_at else OLD)

    def before(sender: Dispatcher) -> None:
        sender.health.reread = reread
        push.crm.use(reread())

    return push.send(before)


def maybes(push: Push) -> int:
    with Journal(push.folder, push.clock.now) as journal:
        open_intents = journal.connection.execute("SELECT count(*) FROM operations WHERE state = 'intent'")
        assert open_intents.fetchone()[0] == 0
        return int(journal.connection.execute("SELECT count(*) FROM leads WHERE possibly_sent").fetchone()[0])


def assert_all_done(push: Push) -> None:
    assert {(r.status, r.assign, r.events) for r in push.results()} == {("created", "accepted", "accepted")}
    assert set(push.crm.leads.values()) == {1}
    assert maybes(push) == 0


@pytest.mark.slow
@pytest.mark.parametrize("latency", [0.05, 1.5])
@pytest.mark.parametrize("late", [-1.0, 0.0, 1.0])
def test_the_run_goes_on_with_the_new_key(tmp_path: Path, latency: float, late: float) -> None:
    """With 1.5 s a dozen requests of each endpoint are on their way with the old key when it is revoked."""
    push, crm = prepared(tmp_path, 120, revoked_at=1006.0, latency=latency)
    assert sent(push, 1006.0 + late) is None
    assert crm.sent_with == NEW
    assert_all_done(push)


def test_a_hiccup_of_the_authentication_costs_two_seconds(tmp_path: Path) -> None:
    push, crm = prepared(tmp_path, 120, windows=[(1005.0, 1006.0)], latency=0.5)
    assert sent(push, float("inf")) is None
    assert_all_done(push)
    inside = [at for at, _, _ in crm.calls if 1005.0 <= at < 1006.0]
    assert len(inside) <= 3 * 16
    assert [at for at, _, _ in crm.calls if 1006.0 <= at < 1007.4] == [], "nothing is sent while the question is open"


def test_a_key_file_that_cannot_be_read_for_a_moment_stops_nothing(tmp_path: Path) -> None:
    push, _ = prepared(tmp_path, 60, revoked_at=1005.0, windows=[])
    assert sent(push, 1004.0, unreadable=(1005.0, 1006.0)) is None
    assert_all_done(push)


def test_without_a_new_key_the_run_stops_after_one_more_question_and_resumes(tmp_path: Path) -> None:
    push, crm = prepared(tmp_path, 60, revoked_at=1003.0, latency=0.3)
    stop = sent(push, float("inf"))
    assert stop is not None
    assert stop.exit_code is ExitCode.STOPPED_BY_CRM
    assert {str(status) for status in push.statuses()} == {"created", "pending"}
    assert maybes(push) == 0
    refused = [at for at, _, _ in crm.calls if at >= 1003.0]
    assert len(refused) <= 3 * 4 + 1, "those on their way, and one question"
    assert sent(push, 0.0) is None
    assert_all_done(push)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(25))
def test_whenever_it_happens_no_row_is_labelled_by_it(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    revoked = 1000.0 + rng.uniform(0.0, 6.0)
    granted = revoked + rng.choice([-1.0, 0.0, rng.uniform(0.0, 6.0)])
    push, _ = prepared(tmp_path, 40, revoked_at=revoked, granted_at=granted, latency=rng.choice([0.02, 0.4, 2.0]))
    replaced = revoked + rng.uniform(-2.0, 5.0)
    for _ in range(8):
        stop = sent(push, replaced)
        assert {str(status) for status in push.statuses()} <= {"created", "pending"}
        assert maybes(push) == 0
        if stop is None:
            break
        assert stop.exit_code is ExitCode.STOPPED_BY_CRM
        replaced -= 60.0  # a minute later a person has put the new key there, and the server has heard of it
        push.crm.granted_at = 0.0  # type: ignore[attr-defined]
    assert_all_done(push)


def test_the_key_file_itself_is_read_again(tmp_path: Path) -> None:
    """From the file on the disk to the header on the wire."""
    file = tmp_path / "key"
    file.touch(mode=0o600)
    file.write_text(f"{KEY}\n")
    reader = load_settings({"api_key_file": str(file)}, environment={}, folder=tmp_path).credential_reader()
    server = Server()

    async def revokes(serving: Wire, stream: Reader, writer: Writer) -> None:
        while request := await serving.read(stream):
            head, _, body = request.partition(b"\r\n\r\n")
            expected = KEY if len(server.leads) < 2 else NEW
            if f"x-org-api-key: {expected}\r\n".encode() in head.replace(b"X-Org-Api-Key", b"x-org-api-key") + b"\r\n":
                writer.write(server.answer(head, body))
            else:
                file.write_text(f"{NEW}\n")
                writer.write(http(b'{"error_code": 4010001, "error_message": "no"}', "401 Unauthorized"))
            await writer.drain()

    rows = [planned_row(number, assign=False, events=0) for number in (2, 3, 4, 5)]
    sent = send(tmp_path / "r", revokes, rows, reread=reader)
    assert (sent.stop, sent.statuses) == (None, ["created"] * 4)
    assert sent.seconds >= 2.0, "the credential is asked for once more after two seconds"

"""The credential goes to one origin only, over connections to addresses that are allowed only; on real sockets."""

import asyncio
from dataclasses import dataclass

import httpx
import pytest

from importer.crm.client import Deadlines, LeadsClient
from importer.crm.connections import Forbidden, Guard
from importer.crm.credential import Credential, CredentialKind
from importer.crm.observation import Answer, NoAnswer, Observation
from importer.crm.responses import judge
from importer.crm.route import Trust
from importer.crm.verdict import Action
from importer.exit_codes import ExitCode
from importer.model.operation import Call, Kind, Operation, RowId
from tests.canary import CANARY
from tests.crm.wire import Wire, answering, http, wire

OK = http(b'{"lead_id": "u-1", "crm_id": "L-1"}')
CALL = Call(
    row=RowId(0, 2), ordinal=0, operation=Operation(kind=Kind.CREATE, key="k", body=b'{"crm_id": "L-1"}'), crm_id="L-1"
)


def client(base_url: str, *, allow_private: bool = False) -> LeadsClient:
    return LeadsClient(
        base_url=base_url,
        org="o1",
        credential=Credential(CredentialKind.API_KEY, CANARY, source="test"),
        deadlines=Deadlines(connect=30.0, total=60.0),
        trust=Trust(allow_private=allow_private),
    )


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 305, 307, 308])
def test_no_redirect_is_followed_and_it_stops_the_run(status: int) -> None:
    async def main() -> tuple[Observation, Wire]:
        async with wire(answering(OK)) as elsewhere:
            redirect = http(b"", f"{status} Elsewhere", f"Location: {elsewhere.base_url}/v4/orgs/o1/leads")
            async with wire(answering(redirect)) as serving, client(serving.base_url) as sending:
                return await sending.send(CALL), elsewhere

    seen, elsewhere = asyncio.run(main())
    assert elsewhere.connections == 0
    assert isinstance(seen, Answer), "the redirect itself is the answer"
    assert seen.status == status
    verdict = judge(seen, CALL)
    assert verdict.action is Action.DOUBT
    assert verdict.streak is not None
    assert verdict.streak.stop is not None
    assert verdict.streak.stop.exit_code is ExitCode.STOPPED_BY_CRM


@pytest.mark.parametrize("other", ["http://127.0.0.1:1", "https://127.0.0.1:{port}", "http://localhost:{port}"])
def test_another_port_scheme_or_host_is_another_origin(other: str) -> None:
    async def main() -> Wire:
        async with wire(answering(OK)) as serving, client(serving.base_url) as sending:
            with pytest.raises(Forbidden):
                request = httpx.Request("GET", other.format(port=serving.port))
                await sending._connections.exchange(request)
            return serving

    assert asyncio.run(main()).connections == 0


def seen_by_name(name: str, *, allow_private: bool) -> tuple[Observation, list[bytes]]:
    """What comes of a request to `https://NAME:port`, and the first bytes that each connection has brought."""
    brought: list[bytes] = []

    async def listen(serving: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        brought.append(await reader.read(100))

    async def main() -> Observation:
        async with wire(listen) as serving, client(f"https://{name}:{serving.port}", allow_private=allow_private) as c:
            seen = await c.send(CALL)
            await asyncio.sleep(0.05)
            return seen

    return asyncio.run(main()), brought


def test_a_name_that_leads_to_a_private_address_gets_not_a_byte() -> None:
    """`127.1` is a name for the importer and loopback for the system, as a name with a hostile DNS entry would be."""
    seen, brought = seen_by_name("127.1", allow_private=False)
    assert isinstance(seen, NoAnswer)
    assert (seen.forbidden, seen.sent, b"".join(brought)) == (True, False, b"")
    verdict = judge(seen, CALL)
    assert verdict.stop is not None
    assert verdict.stop.exit_code is ExitCode.STOPPED_BY_CRM
    assert "127.1 leads to 127.0.0.1, which is a private address" in verdict.stop.reason
    assert "--allow-private" in verdict.stop.tip


def test_with_allow_private_the_handshake_begins() -> None:
    seen, brought = seen_by_name("127.1", allow_private=True)
    assert isinstance(seen, NoAnswer)
    assert not seen.forbidden
    assert b"".join(brought)[:1] == b"\x16", "a TLS handshake"


@dataclass
class Connected:
    """A connection that a name has led to."""

    peer: str
    is_closed: bool = False

    def get_extra_info(self, name: str) -> tuple[str, int]:
        assert name == "server_addr"
        return self.peer, 443

    async def aclose(self) -> None:
        self.is_closed = True


@pytest.mark.parametrize("peer", ["169.254.169.254", "fd00:ec2::254", "::ffff:169.254.169.254"])
def test_a_name_that_leads_to_a_metadata_service_is_hung_up_on(peer: str) -> None:
    guard = Guard(httpx.URL("https://crm.example"), allow_private=True)
    stream = Connected(peer)

    async def connected() -> None:
        await guard.watch("connection.connect_tcp.complete", {"return_value": stream})

    with pytest.raises(Forbidden, match="metadata"):
        asyncio.run(connected())
    assert stream.is_closed


def test_a_connection_that_is_opened_again_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name may lead elsewhere by then, and the transport opens the connection by itself."""

    async def main() -> list[Observation]:
        answered = asyncio.Event()

        async def once(serving: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await serving.read(reader)
            writer.write(OK)
            await answered.wait()

        async with wire(once) as serving, client(serving.base_url) as sending:
            first = await sending.send(CALL)
            monkeypatch.setattr("importer.crm.connections.objection", lambda *_, **__: "somewhere else")
            answered.set()
            (idle,) = sending._connections._idle
            while not idle._pool.connections[0].has_expired():  # noqa: ASYNC110 - nobody sets an event for it
                await asyncio.sleep(0)  # until the server's closing has come through
            return [first, await sending.send(CALL)]

    first, second = asyncio.run(asyncio.wait_for(main(), 10))
    assert isinstance(first, Answer)
    assert isinstance(second, NoAnswer)
    assert (second.forbidden, second.sent) == (True, False)


@pytest.mark.parametrize("location", ["http://h:x/", "https://evil.example/", "//evil.example", "\x80", ""])
def test_the_client_acts_on_no_header_of_the_server(location: str) -> None:
    """Not on Location, however broken, not on Set-Cookie, not on Content-Encoding."""
    hostile = http(b"{}", "302 Found", f"Location: {location}", "Set-Cookie: a=b; Path=/", "Content-Encoding: br")

    async def main() -> tuple[list[Observation], Wire]:
        async with wire(answering(hostile)) as serving, client(serving.base_url) as sending:
            return [await sending.send(CALL), await sending.send(CALL)], serving

    seen, serving = asyncio.run(main())
    assert [each.status for each in seen if isinstance(each, Answer)] == [302, 302]
    assert b"cookie" not in serving.requests[1].lower()

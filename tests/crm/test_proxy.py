"""Requests through a proxy, on real sockets: by CONNECT, so that the proxy never sees the credential or the lead."""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trustme

from importer.crm.client import Deadlines, LeadsClient
from importer.crm.credential import Credential, CredentialKind
from importer.crm.observation import Answer, NoAnswer, Observation
from importer.crm.redaction import redacted
from importer.crm.responses import judge
from importer.crm.route import Trust, checked_proxy, environment_proxy, proxy_for
from importer.errors import SettingsError
from importer.exit_codes import ExitCode
from tests.canary import CANARY
from tests.crm.test_connections import CALL, OK
from tests.crm.wire import Step, Wire, answering, http, wire

SERVER = "crm.example"
ANSWERS = answering(OK)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65536):
        writer.write(chunk)
    writer.close()


def tunnel_to(port: int, *, password: str = "") -> Step:
    """A proxy that lets everybody who knows the password through to this port, whatever name is asked for."""

    async def step(serving: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await serving.read(reader)
        wanted = f"Proxy-Authorization: Basic {b64encode(password.encode()).decode()}\r\n".encode()
        if password and wanted.lower() not in request.lower():
            writer.write(http(b"", "407 Proxy Authentication Required"))
            await writer.drain()
            return
        there, out = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(_pipe(reader, out), _pipe(there, writer))
        finally:
            out.transport.abort()

    return step


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trust(authority: trustme.CA, tmp_path: Path) -> Trust:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return Trust(ca_file=tmp_path / "ca.pem")


def client(base_url: str, proxy: str, trust: Trust) -> LeadsClient:
    return LeadsClient(
        base_url=base_url,
        org="o1",
        credential=Credential(CredentialKind.API_KEY, CANARY, source="test"),
        deadlines=Deadlines(total=5.0, read=5.0, connect=2.0),
        trust=trust,
        proxy=proxy_for(base_url, proxy, {}),
    )


def sent(
    authority: trustme.CA,
    trust: Trust,
    proxied: Callable[[int], Step],
    *,
    user: str = "",
    times: int = 1,
    server: Step = ANSWERS,
) -> tuple[list[Observation], Wire, Wire]:
    """What comes of requests to https://crm.example through this proxy; the server, the proxy."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(SERVER).configure_cert(context)

    async def main() -> tuple[list[Observation], Wire, Wire]:
        async with wire(server, context) as serving, wire(proxied(serving.port)) as proxy:
            address = f"http://{user}127.0.0.1:{proxy.port}"
            async with client(f"https://{SERVER}:{serving.port}", address, trust) as sending:
                return [await sending.send(CALL) for _ in range(times)], serving, proxy

    return asyncio.run(main())


def test_requests_go_through_the_tunnel_of_a_proxy_that_sees_neither_key_nor_lead(
    authority: trustme.CA, trust: Trust
) -> None:
    seen, serving, proxy = sent(authority, trust, tunnel_to, times=3)
    assert [each.status for each in seen if isinstance(each, Answer)] == [200] * 3
    assert (len(serving.requests), serving.connections, proxy.connections) == (3, 1, 1), "one tunnel, used again"
    (asked,) = proxy.requests
    assert asked.startswith(f"CONNECT {SERVER}:{serving.port} HTTP/1.1\r\n".encode())
    assert CANARY.encode() not in asked
    assert b"L-1" not in asked


def test_a_proxy_gets_the_user_name_and_password_of_its_url(authority: trustme.CA, trust: Trust) -> None:
    def proxied(port: int) -> Step:
        return tunnel_to(port, password="us er:pass/word-1")

    (seen,), serving, _ = sent(authority, trust, proxied, user="us%20er:pass%2Fword-1@")
    assert isinstance(seen, Answer)
    assert b"proxy-authorization" not in serving.requests[0].lower()


def test_a_wrong_password_stops_the_run_and_is_not_repeated(authority: trustme.CA, trust: Trust) -> None:
    (seen,), serving, _ = sent(
        authority, trust, lambda port: tunnel_to(port, password="right:password"), user="wrong:password-9@"
    )
    assert isinstance(seen, NoAnswer)
    assert (seen.sent, seen.refused_by_proxy, serving.connections) == (False, True, 0)
    stop = judge(seen, CALL).stop
    assert stop is not None
    assert stop.exit_code is ExitCode.STOPPED_BY_CRM
    assert "407" in stop.reason
    assert "--proxy" in stop.tip
    assert "password-9" not in stop.reason


async def _hangs_up(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


def _says(answer: bytes) -> Callable[[asyncio.StreamWriter], Awaitable[None]]:
    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    return say


@pytest.mark.parametrize(
    "do",
    [
        _hangs_up,
        _says(b"SSH-2.0\r\n"),
        _says(b"HTTP/1.1 2"),
        _says(http(b"", "502 Bad Gateway")),
        _says(b"HTTP/1.1 200 OK\r\n\r\n"),
        _says(b"HTTP/1.1 200 OK\r\n\r\nnot TLS at all"),
    ],
    ids=["hangs up", "not HTTP", "half an answer", "502", "hangs up in TLS", "not TLS"],
)
def test_without_a_tunnel_nothing_was_sent(
    do: Callable[[asyncio.StreamWriter], Awaitable[None]], authority: trustme.CA, trust: Trust
) -> None:
    """A proxy that breaks before its tunnel is there leaves no lead in doubt, whatever the exception is called."""

    async def step(serving: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await serving.read(reader)
        await do(writer)

    (seen,), serving, _ = sent(authority, trust, lambda _: step)
    assert isinstance(seen, NoAnswer)
    assert (seen.sent, seen.refused_by_proxy, serving.connections) == (False, False, 0)


def test_a_proxy_that_is_silent_until_the_deadline_leaves_no_doubt_either(authority: trustme.CA, trust: Trust) -> None:
    async def main() -> Observation:
        async def silent(serving: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await serving.read(reader)
            await reader.read()

        async with wire(silent) as proxy:
            sending = client(f"https://{SERVER}", f"http://127.0.0.1:{proxy.port}", trust)
            sending._deadlines = Deadlines(total=0.2)
            async with sending:
                return await sending.send(CALL)

    seen = asyncio.run(main())
    assert isinstance(seen, NoAnswer)
    assert not seen.sent


def test_an_answer_that_is_lost_within_the_tunnel_is_in_doubt(authority: trustme.CA, trust: Trust) -> None:
    async def lost(serving: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await serving.read(reader)

    (seen,), serving, _ = sent(authority, trust, tunnel_to, server=lost)
    assert isinstance(seen, NoAnswer)
    assert (seen.sent, len(serving.requests)) == (True, 1)


def test_what_comes_behind_an_answer_closes_the_tunnel_too(authority: trustme.CA, trust: Trust) -> None:
    seen, serving, proxy = sent(authority, trust, tunnel_to, server=answering(OK + b"HTTP/1.1 202 No\r\n\r\n"), times=2)
    assert [each.status for each in seen if isinstance(each, Answer)] == [200, 200]
    assert (serving.connections, proxy.connections) == (2, 2)


def test_the_server_proves_itself_through_a_proxy_as_well(authority: trustme.CA, trust: Trust) -> None:
    (seen,), serving, _ = sent(trustme.CA(), trust, tunnel_to)
    assert isinstance(seen, NoAnswer)
    assert (seen.certificate, seen.sent, serving.requests) == (True, False, [])


def test_a_proxy_whose_name_leads_to_a_private_address_gets_nothing(authority: trustme.CA, trust: Trust) -> None:
    """`127.1` is a name for the importer and loopback for the system."""

    async def main() -> tuple[Observation, Wire]:
        async with (
            wire(answering(OK)) as proxy,
            client(f"https://{SERVER}", f"http://127.1:{proxy.port}", trust) as sending,
        ):
            return await sending.send(CALL), proxy

    seen, proxy = asyncio.run(main())
    assert isinstance(seen, NoAnswer)
    assert (seen.forbidden, seen.sent, proxy.requests) == (True, False, [])
    stop = judge(seen, CALL).stop
    assert stop is not None
    assert "--allow-private" in stop.tip


def test_this_machine_is_reached_without_a_proxy() -> None:
    for base_url in ("http://127.0.0.1:1", "http://localhost:1", "https://[::1]:1"):
        assert proxy_for(base_url, "http://proxy.example:1", {}) is None


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, ("", "")),
        ({"HTTPS_PROXY": "http://p:1"}, ("HTTPS_PROXY", "http://p:1")),
        ({"https_proxy": "http://q:1", "HTTPS_PROXY": "http://p:1"}, ("https_proxy", "http://q:1")),
        ({"ALL_PROXY": "http://p:1"}, ("ALL_PROXY", "http://p:1")),
        ({"HTTP_PROXY": "http://p:1"}, ("", "")),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "other.example"}, ("HTTPS_PROXY", "http://p:1")),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "x, .example"}, ("", "")),
        ({"HTTPS_PROXY": "http://p:1", "no_proxy": "crm.example"}, ("", "")),
        ({"HTTPS_PROXY": "http://p:1", "no_proxy": "*"}, ("", "")),
    ],
)
def test_the_environment_names_a_proxy_for_https(environment: dict[str, str], expected: tuple[str, str]) -> None:
    assert environment_proxy("https://crm.example", environment) == expected
    used = proxy_for("https://crm.example", "env", environment)
    assert (used.url if used else "") == expected[1]
    assert proxy_for("https://crm.example", "", environment) is None, "only if somebody says so"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("socks5://proxy.example:1", "neither http"),
        ("http://u:secret-pw@", "no host"),
        ("http://u:secret-pw@proxy:99999", "no host"),
        ("http://u:secret-pw@proxy.example/path", "path"),
        ("http://u:secret/pw@proxy.example:1", "no host"),
        ("http://u:secret-pw@proxy.example?x", "query"),
        ("http://u:secret pw@proxy.example", "space"),
        ("http://169.254.169.254:3128", "metadata"),
        ("http://10.0.0.5:3128", "--allow-private allows it"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_refused_without_its_password(url: str, why: str) -> None:
    with pytest.raises(SettingsError, match=why) as caught:
        checked_proxy(url)
    assert "secret" not in caught.value.message + caught.value.tip


def test_a_private_proxy_is_used_when_that_is_allowed() -> None:
    assert checked_proxy("10.0.0.5:3128", allow_private=True).url == "http://10.0.0.5:3128"


def test_nothing_repeats_what_is_secret_in_the_url_of_a_proxy() -> None:
    proxy = checked_proxy("http://anna:s3cr%40t-word@proxy.example:3128")
    assert proxy.shown == "http://***@proxy.example:3128"
    basic = b64encode(b"anna:s3cr@t-word").decode()
    for text in (repr(proxy), redacted(proxy.url), redacted("s3cr@t-word"), redacted(f"Basic {basic}")):
        assert not any(secret in text for secret in ("s3cr%40t", "s3cr@t", basic[:-4])), text

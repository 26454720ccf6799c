"""What the environment says about proxies and passwords changes nothing: requests go straight to the server (S7)."""

import asyncio
from pathlib import Path

import pytest

from importer.crm.observation import Answer, Observation
from tests.crm.test_connections import CALL, OK, client
from tests.crm.wire import Wire, answering, wire


def sent_beside_a_proxy(patch: pytest.MonkeyPatch) -> tuple[Observation, Wire, Wire]:
    """What comes of one request while the environment names a proxy: the answer, the server, the proxy."""

    async def main() -> tuple[Observation, Wire, Wire]:
        async with wire(answering(OK)) as proxy, wire(answering(OK)) as serving:
            for name in ("http_proxy", "https_proxy", "all_proxy"):
                patch.setenv(name, proxy.base_url)
                patch.setenv(name.upper(), proxy.base_url)
            patch.delenv("no_proxy", raising=False)
            patch.delenv("NO_PROXY", raising=False)
            async with client(serving.base_url) as sending:
                return await sending.send(CALL), serving, proxy

    return asyncio.run(main())


def test_no_proxy_of_the_environment_sees_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, serving, proxy = sent_beside_a_proxy(monkeypatch)
    assert isinstance(seen, Answer)
    assert (len(serving.requests), proxy.connections) == (1, 0)


def test_no_password_of_a_netrc_is_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password another-secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    _, serving, _ = sent_beside_a_proxy(monkeypatch)
    assert b"authorization" not in serving.requests[0].lower()


def test_requests_speak_http_1_1_and_ask_for_no_compression(monkeypatch: pytest.MonkeyPatch) -> None:
    _, serving, _ = sent_beside_a_proxy(monkeypatch)
    head = serving.requests[0].partition(b"\r\n\r\n")[0]
    assert head.split(b"\r\n")[0].endswith(b" HTTP/1.1")
    assert b"accept-encoding: identity" in head.lower()
    assert b"cookie" not in head.lower()

"""The server around the API: loopback, the Host header, its mark, the state, starting and stopping."""

import asyncio
import gc
import http.client
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest

from importer.errors import SettingsError
from importer.sandbox import Faults, Sandbox
from importer.sandbox.endpoints import Endpoint
from tests.sandbox.conftest import Api


def port_of(api: Api) -> int:
    return int(api.sandbox.base_url.rpartition(":")[2])


def test_it_listens_on_loopback_only(open_api: Callable[..., Api]) -> None:
    api = open_api()
    assert api.sandbox.base_url.startswith("http://127.0.0.1:")
    # All of 127/8 is this machine: only a server bound to 127.0.0.1 alone refuses the next address.
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection("127.0.0.2", port_of(api)).connect()


@pytest.mark.parametrize("path", ["/", "/sandbox/state", "/v4/orgs/o1/leads"])
@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost", ""])
def test_another_host_is_refused(api: Api, path: str, host: str) -> None:
    reply = api.send("POST", path, api.lead("rebound"), headers={"host": host.format(port=port_of(api))})
    assert reply.status_code == 421
    assert api.sandbox.state.lead("o1", "rebound") is None


def test_localhost_is_fine(api: Api) -> None:
    assert api.http.get("/", headers={"host": f"localhost:{port_of(api)}"}).status_code == 200


def test_every_answer_says_that_it_is_not_the_real_api(api: Api) -> None:
    api.create()
    answers = [api.create("2"), api.create("2"), api.assign(), api.assign("nobody"), api.http.get("/x")]
    answers += [api.http.get("/"), api.http.get("/", headers={"host": "evil.example"}), api.http.get("/sandbox/state")]
    assert [reply.status_code for reply in answers] == [200, 429, 202, 404, 404, 200, 421, 200]
    assert {reply.headers.get("x-saleschat-sandbox") for reply in answers} == {"not the real API"}


def test_the_front_page_says_what_it_is(api: Api) -> None:
    reply = api.http.get("/")
    assert reply.headers["content-type"].startswith("text/plain")
    assert "not the real API" in reply.text


def test_the_state_needs_the_key(api: Api) -> None:
    assert api.http.get("/sandbox/state", headers={"x-org-api-key": "wrong"}).status_code == 401


def test_the_state_shows_what_was_stored(open_api: Callable[..., Api]) -> None:
    api = open_api(faults=Faults(drop_after=1, endpoints=(Endpoint.ASSIGN,)), existing=[("o1", "L-0", "old")])
    lead_id = api.create("é").json()["lead_id"]
    api.create("old")
    with pytest.raises(httpx.TransportError):
        api.assign(lead_id)
    api.event(lead_id, event="E", distinct_id="d", attributes={"a": 1})
    api.event(lead_id, event="E", distinct_id="d")
    assert api.http.get("/sandbox/state").json() == {
        "leads": [
            {
                "org": "o1", "lead_id": "L-0", "crm_id": "old", "fields": {}, "creates": 0, "repeats": 1,
                "owner": "", "assignments": [], "events": [], "repeated_events": 0,
            },
            {
                "org": "o1", "lead_id": lead_id, "crm_id": "é", "fields": api.lead("é"), "creates": 1,
                "repeats": 0, "owner": "u1", "assignments": ["u1"],
                "events": [{"event": "E", "distinct_id": "d", "attributes": {"a": 1}}], "repeated_events": 1,
            },
        ],
        "requests": {"create": {"200": 1, "429": 1}, "assign": {"none": 1}, "event": {"202": 2}},
        "faults": {"drop_after": 1},
    }  # fmt: skip


def test_each_sandbox_has_a_key_of_its_own() -> None:
    assert Sandbox().api_key != Sandbox().api_key
    assert len(Sandbox().api_key) >= 32


def test_a_port_that_is_taken(open_api: Callable[..., Api]) -> None:
    taken = port_of(open_api())
    with pytest.raises(SettingsError, match=f"cannot listen on 127.0.0.1:{taken}") as caught:
        Sandbox(port=taken).start()
    assert "--port" in caught.value.tip


def test_the_port_is_free_again_and_the_state_stays(open_api: Callable[..., Api]) -> None:
    with Sandbox(existing=[("o", "L", "C")]) as sandbox:
        port = int(sandbox.base_url.rpartition(":")[2])
        httpx.get(sandbox.base_url)
    with pytest.raises(httpx.ConnectError):
        httpx.get(sandbox.base_url)
    assert sandbox.state.lead("o", "C")
    with Sandbox(port=port) as again:
        assert again.base_url == sandbox.base_url
    again.stop()


def test_it_leaves_signals_alone_and_ends_its_thread() -> None:
    before = (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM))
    threads = set(threading.enumerate())
    with Sandbox():
        assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
        assert [thread.daemon for thread in set(threading.enumerate()) - threads] == [True]
    assert set(threading.enumerate()) == threads


def test_connections_of_its_last_moment_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    unclosed = []
    monkeypatch.setattr(sys, "unraisablehook", lambda what: unclosed.append(str(what.exc_value)))
    for _ in range(30):
        with Sandbox() as sandbox:
            url = urlsplit(sandbox.base_url)
            connections = [socket.create_connection((url.hostname, url.port)) for _ in range(3)]
        for connection in connections:
            connection.close()
    gc.collect()
    assert unclosed == []


@pytest.mark.parametrize("faults", [Faults(hang_after=1), Faults(slow=1, slow_seconds=600)])
def test_it_stops_at_once_though_requests_are_waiting(faults: Faults, capfd: pytest.CaptureFixture[str]) -> None:
    sandbox = Sandbox(faults=faults).start()
    headers = {"x-org-api-key": sandbox.api_key, "content-type": "application/json"}
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(
            httpx.put, f"{sandbox.base_url}/v4/orgs/o/leads/x/assign", content=b"{}", headers=headers, timeout=20
        )
        time.sleep(0.2)
        began = time.monotonic()
        sandbox.stop()
        assert time.monotonic() - began < 60, "it waited for the requests"
        assert isinstance(waiting.exception(), httpx.TransportError)
    assert capfd.readouterr() == ("", "")


def test_a_client_that_leaves_in_the_middle_of_a_body_makes_no_noise(
    open_api: Callable[..., Api], capfd: pytest.CaptureFixture[str]
) -> None:
    api = open_api()

    async def leave() -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port_of(api))
        head = f"POST /v4/orgs/o1/leads HTTP/1.1\r\nHost: 127.0.0.1:{port_of(api)}\r\nContent-Length: 99\r\n\r\n{{"
        writer.write(head.encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    asyncio.run(leave())
    assert api.create().status_code == 200
    assert capfd.readouterr() == ("", "")


def test_answers_are_not_delayed(open_api: Callable[..., Api]) -> None:
    """Nagle's algorithm would make 40 ms of each answer."""
    api = open_api()
    seconds = []
    for number in range(50):
        began = time.monotonic()
        api.create(str(number))
        seconds.append(time.monotonic() - began)
    assert min(seconds) < 0.04, "not one of them was faster, so it is not the machine that is slow"


SCRIPT = """
import threading
from importer.sandbox import Sandbox, serve_forever
serve_forever(Sandbox(api_key="KEY"), lambda url, key: print(url, key, flush=True), threading.Event().wait)
print("ended", flush=True)
"""


def test_it_serves_until_ctrl_c() -> None:
    with subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as server:
        url, key = server.stdout.readline().decode().split()
        assert (key, httpx.get(url).status_code) == ("KEY", 200)
        server.send_signal(signal.SIGINT)
        output, errors = server.communicate(timeout=300)
    assert (output, errors, server.returncode) == (b"ended\n", b"", 0)

"""`--proxy`, as a person gives it: what is used, what is said about one that is not used, and what is never shown."""

import asyncio
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from tests.cli.command_line import FAST, KEY, ORG, PLAIN_MAPPING, CommandLine, lead
from tests.crm.test_proxy import SERVER, tunnel_to
from tests.crm.wire import Wire, answering, http, wire

USER = "anna:s3cr%40t-word"


@contextmanager
def behind_a_proxy(folder: Path) -> Iterator[tuple[Wire, Wire]]:
    """A server that only the proxy can reach, and the proxy; in a thread, as the command has a loop of its own."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(SERVER).configure_cert(context)
    started: list[tuple[Wire, Wire]] = []
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    done = asyncio.Event()

    async def serve() -> None:
        step = answering(http(json.dumps({"lead_id": "u-1", "crm_id": lead(1)[0]}).encode()))
        async with (
            wire(step, context) as server,
            wire(tunnel_to(server.port, password=USER.replace("%40", "@"))) as proxy,
        ):
            started.append((server, proxy))
            ready.set()
            await done.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert ready.wait(300)
        yield started[0]
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(300)
        loop.close()


@pytest.fixture(autouse=True)
def _only_a_credential(importer: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "http_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("SALESCHAT_API_KEY", KEY)


def assert_no_password(importer: CommandLine, *texts: str) -> None:
    written = [path.read_bytes() for path in importer.reports.rglob("*") if path.is_file()]
    for text in (*written, *(text.encode() for text in texts)):
        assert b"s3cr" not in text


@pytest.mark.parametrize("how", ["flag", "toml", "environment"])
def test_a_run_and_the_doctor_go_through_the_proxy_that_is_named(
    importer: CommandLine, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table([lead(1)])
    with behind_a_proxy(importer.folder) as (server, proxy):
        url = f"http://{USER}@127.0.0.1:{proxy.port}"
        monkeypatch.setenv("HTTPS_PROXY", url if how == "environment" else "http://elsewhere.example:1")
        if how == "toml":
            importer.write("importer.toml", f'proxy = "{url}"\n')
        named = {"flag": ("--proxy", url), "toml": (), "environment": ("--proxy", "env")}[how]
        where = ("--org", ORG, "--base-url", f"https://{SERVER}:{server.port}", "--ca-file", "ca.pem", *named)
        looked = importer("doctor", *where, "-v")
        ran = importer("run", "list.csv", "-m", "m.yaml", *FAST, "--no-canary", *where, "-v")
    shown = f"http://***@127.0.0.1:{proxy.port}"
    assert looked.code == 0, looked.out
    assert f"answers through {shown}" in looked.out
    assert ran.code == 0, ran.err
    assert f"Requests go through the proxy {shown}" in ran.err
    assert importer.results()[0]["status"] == "created"
    assert len(server.requests) == 1, "the doctor sends none"
    assert all(request.startswith(b"CONNECT ") for request in proxy.requests)
    assert_no_password(importer, looked.out, looked.err, ran.out, ran.err)


@pytest.mark.slow
def test_a_proxy_of_the_environment_that_is_not_used_is_mentioned(
    importer: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://{USER}@127.0.0.1:9")
    importer.mapping(PLAIN_MAPPING)
    importer.table([lead(1)])
    where = ("--org", ORG, "--base-url", "https://127.1:9")
    looked = importer("doctor", *where)
    ran = importer("run", "list.csv", "-m", "m.yaml", *FAST, *where)
    detailed = importer("doctor", *where, "-v")
    for output in (looked.out, ran.err, detailed.err):
        assert "HTTPS_PROXY is set, but no proxy is used. To use it: --proxy env" in output
    assert_no_password(importer, looked.out, looked.err, ran.out, ran.err, detailed.err)
    monkeypatch.setenv("NO_PROXY", "127.1")
    assert "HTTPS_PROXY" not in importer("doctor", *where, "-v").out


@pytest.mark.parametrize("command", ["doctor", "run"])
def test_a_proxy_that_cannot_be_used_is_refused_before_anything_is_read(importer: CommandLine, command: str) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table([lead(1)])
    where = ("--org", ORG, "--base-url", "https://127.1:9", "--proxy", f"socks5://{USER}@127.0.0.1:9")
    files = ("list.csv", "-m", "m.yaml", *FAST) if command == "run" else ()
    ended = importer(command, *files, *where, "-v")
    assert ended.code == 2
    assert "--proxy: the proxy socks5://***@127.0.0.1:9 cannot be used" in ended.out + ended.err
    assert_no_password(importer, ended.out, ended.err)

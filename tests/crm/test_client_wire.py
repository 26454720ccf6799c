"""The client on real sockets: what is proven, what is in doubt, and when it gives up."""

import asyncio
import gzip
import json
import socket
import ssl
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from importer.crm.client import Deadlines, LeadsClient
from importer.crm.connections import BODY_LIMIT
from importer.crm.credential import Credential, CredentialKind
from importer.crm.observation import Answer, NoAnswer, Observation
from importer.model.operation import Call, Kind, Operation, RowId
from tests.canary import CANARY
from tests.crm.wire import Step, Wire, answering, http, wire

KEY = CANARY
OK = http(b'{"lead_id": "u-1", "crm_id": "L-1"}')


def call(kind: Kind = Kind.CREATE, **changes: Any) -> Call:
    operation = Operation(kind=kind, key="k", body=b'{"crm_id": "L-1"}')
    return Call(**{"row": RowId(0, 2), "ordinal": 0, "operation": operation, "crm_id": "L-1", **changes})


def client(base_url: str, **deadlines: float) -> LeadsClient:
    credential = Credential(CredentialKind.API_KEY, KEY, source="test")
    return LeadsClient(
        base_url=base_url,
        org="o1",
        credential=credential,
        deadlines=Deadlines(**{"total": 60.0, **deadlines}),
        version="1",
    )


def sent_to(step: Step, *calls: Call, **deadlines: float) -> tuple[list[Observation], Wire]:
    """What came of the calls, one after the other."""

    async def main() -> tuple[list[Observation], Wire]:
        async with wire(step) as serving, client(serving.base_url, **deadlines) as sending:
            return [await sending.send(each) for each in calls or (call(),)], serving

    return asyncio.run(main())


def seen_of(step: Step, **deadlines: float) -> Observation:
    (seen,), _ = sent_to(step, **deadlines)
    return seen


def after_request(do: Callable[[asyncio.StreamWriter], Awaitable[None] | None]) -> Step:
    """Reads one request, does this, and cuts the connection."""

    async def step(serving: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await serving.read(reader)
        result = do(writer)
        if result is not None:
            await result
        await writer.drain()

    return step


def test_an_answer_comes_back_whole() -> None:
    seen = seen_of(answering(http(b'{"a": 1}', "422 Unprocessable", "X-Thing: Value")))
    assert isinstance(seen, Answer)
    assert (seen.status, seen.document) == (422, {"a": 1})
    assert seen.headers["x-thing"] == "Value", "names are lower case"


def test_one_connection_is_used_again_and_again() -> None:
    seen, serving = sent_to(answering(OK), *[call()] * 5)
    assert all(isinstance(each, Answer) for each in seen)
    assert (serving.connections, len(serving.requests)) == (1, 5)


@pytest.mark.parametrize(
    "step",
    [
        after_request(lambda _: None),
        after_request(lambda writer: writer.write(b"HTTP/1.1 200 OK\r\nContent-Len")),
        after_request(lambda writer: writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")),
        after_request(lambda writer: writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{")),
        after_request(lambda writer: writer.write(b"SSH-2.0-OpenSSH\r\n")),
        after_request(lambda writer: writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")),
    ],
    ids=["nothing", "half a head", "half a body", "half a chunk", "not http", "only 100"],
)
def test_a_connection_that_breaks_after_the_request_is_in_doubt(step: Step) -> None:
    seen = seen_of(step)
    assert isinstance(seen, NoAnswer)
    assert seen.sent, "the server may have done it"
    assert not seen.certificate


def test_a_closed_port_is_proof_that_nothing_was_sent() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"

        async def main() -> Observation:
            async with client(url) as sending:
                return await sending.send(call())

        seen = asyncio.run(main())
    assert isinstance(seen, NoAnswer)
    assert not seen.sent


def test_a_connection_that_was_closed_while_idle_is_replaced_without_doubt() -> None:
    async def once(serving: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await serving.read(reader)
        writer.write(OK)
        await writer.drain()

    async def main() -> list[Observation]:
        async with wire(once) as serving, client(serving.base_url) as sending:
            seen = []
            for _ in range(3):
                seen.append(await sending.send(call()))
                await asyncio.sleep(0.05)
            assert serving.connections == 3
            return seen

    assert all(isinstance(each, Answer) for each in asyncio.run(main()))


def test_a_server_that_never_answers_is_given_up_at_the_total_and_in_doubt() -> None:
    async def silent(serving: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await serving.read(reader)
        await asyncio.sleep(60)

    began = time.monotonic()
    seen = seen_of(silent, total=1.0)
    assert isinstance(seen, NoAnswer)
    assert seen.sent
    assert "1 s" in seen.reason
    assert time.monotonic() - began < 30


def test_a_server_that_drips_is_given_up_at_the_total_too() -> None:
    """Each byte comes within the limit for one read; only the total ends it."""

    async def drip(serving: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await serving.read(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    began = time.monotonic()
    seen = seen_of(drip, total=1.0, read=0.9)
    assert isinstance(seen, NoAnswer)
    assert seen.sent
    assert time.monotonic() - began < 30


def test_a_huge_answer_is_cut_off_and_proves_nothing() -> None:
    seen = seen_of(answering(http(b"x" * (BODY_LIMIT + 1))))
    assert isinstance(seen, Answer)
    assert (seen.status, seen.body) == (200, None)


def test_an_answer_without_end_is_cut_off() -> None:
    async def endless(serving: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await serving.read(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
            await writer.drain()

    seen = seen_of(endless)
    assert isinstance(seen, Answer)
    assert seen.body is None


def test_a_compressed_answer_is_not_unpacked() -> None:
    """A gzip of a few bytes can be a gigabyte; identity was asked for."""
    seen = seen_of(answering(http(gzip.compress(b"{}"), "200 OK", "Content-Encoding: gzip")))
    assert isinstance(seen, Answer)
    assert seen.body is None


@pytest.mark.parametrize("name", ["identity", "IDENTITY", " Identity ", ""])
def test_an_answer_that_says_that_it_is_not_encoded_is_read(name: str) -> None:
    seen = seen_of(answering(http(b'{"a": 1}', "200 OK", f"Content-Encoding: {name}")))
    assert isinstance(seen, Answer)
    assert seen.document == {"a": 1}


def test_a_connection_is_usable_after_a_cut_off_answer() -> None:
    seen, serving = sent_to(answering(http(b"x" * (BODY_LIMIT + 1)), OK), call(), call())
    assert isinstance(seen[1], Answer)
    assert seen[1].document is not None
    assert serving.connections == 2, "the rest of the long answer must not be taken for the next one"


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("more", [http(b"", "202 Accepted"), http(b'{"crm_id": "L-9"}'), b"\n\n", b"<html>"])
def test_what_a_server_sends_beyond_its_answer_is_not_taken_for_the_next_one(more: bytes, at_once: bool) -> None:
    """An assignment is accepted with a mere 202, so nothing in it would say that it was not meant."""

    async def main() -> tuple[Observation, int]:
        answered, all_sent = asyncio.Event(), asyncio.Event()

        async def talkative(serving: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            first = serving.connections == 1
            while await serving.read(reader):
                writer.write((OK + more if at_once else OK) if first else http(b"", "422 No"))
                if first and not at_once:
                    await answered.wait()
                    writer.write(more)
                await writer.drain()
                all_sent.set()

        async with wire(talkative) as serving, client(serving.base_url) as sending:
            await sending.send(call())
            answered.set()
            await all_sent.wait()
            return await sending.send(call(Kind.ASSIGN, lead_id="u-1")), serving.connections

    seen, connections = asyncio.run(main())
    assert isinstance(seen, Answer)
    assert (seen.status, connections) == (422, 2)


def test_as_many_connections_as_calls_in_flight_and_the_last_used_first() -> None:
    async def main() -> Wire:
        async with wire(answering(OK, pause=0.05)) as serving, client(serving.base_url) as sending:
            seen = await asyncio.gather(*(sending.send(call()) for _ in range(12)))
            assert all(isinstance(each, Answer) for each in seen)
            assert serving.connections == 12
            for _ in range(3):
                await sending.send(call())
            assert serving.connections == 12
            return serving

    assert len(asyncio.run(main()).requests) == 15


def test_a_cancelled_call_does_not_poison_the_next() -> None:
    """The answer to a call that nobody waits for any more must not be taken for the next one's."""
    answers = iter([http(b'{"crm_id": "first"}'), http(b'{"crm_id": "second"}')])

    async def late(serving: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await serving.read(reader):
            answer = next(answers)
            await asyncio.sleep(0.1)
            writer.write(answer)
            await writer.drain()

    async def main() -> Observation:
        async with wire(late) as serving, client(serving.base_url) as sending:
            first = asyncio.create_task(sending.send(call()))
            await serving.came.wait()
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            return await sending.send(call())

    seen = asyncio.run(main())
    assert isinstance(seen, Answer)
    assert seen.document == {"crm_id": "second"}


def test_the_key_can_be_replaced_while_sending() -> None:
    async def main() -> list[bytes]:
        async with wire(answering(OK)) as serving, client(serving.base_url) as sending:
            await sending.send(call())
            sending.use(Credential(CredentialKind.TOKEN, "another-token", source="test"))
            await sending.send(call())
            return serving.requests

    first, second = asyncio.run(main())
    assert f"x-org-api-key: {KEY}".encode() in first
    assert b"authorization" not in first.lower()
    assert b"authorization: bearer another-token" in second.lower()
    assert b"x-org-api-key" not in second.lower()


def test_what_a_server_repeats_of_the_key_is_hidden() -> None:
    seen = seen_of(answering(http(json.dumps({"error_message": f"{KEY} ä"}).encode(), "422 No", f"X-Echo: {KEY}")))
    assert isinstance(seen, Answer)
    assert seen.error_text == "*** ä"
    assert seen.headers["x-echo"] == "***"


def test_a_key_that_is_replaced_while_its_request_is_in_flight_stays_hidden() -> None:
    async def main() -> Observation:
        replaced = asyncio.Event()

        async def late(serving: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await serving.read(reader)
            await replaced.wait()
            writer.write(http(json.dumps({"error_message": KEY}).encode(), "422 No", f"X-Echo: {KEY}"))
            await writer.drain()

        async with wire(late) as serving, client(serving.base_url) as sending:
            attempt = asyncio.create_task(sending.send(call()))
            await serving.came.wait()
            sending.use(Credential(CredentialKind.TOKEN, "another-token", source="test"))
            replaced.set()
            return await attempt

    seen = asyncio.run(main())
    assert isinstance(seen, Answer)
    assert (seen.error_text, seen.headers["x-echo"]) == ("***", "***")


def test_plain_http_where_tls_is_expected_is_no_answer_and_no_certificate_problem() -> None:
    async def main() -> Observation:
        async with wire(answering(OK)) as serving, client(f"https://127.0.0.1:{serving.port}", connect=0.3) as sending:
            return await sending.send(call())

    seen = asyncio.run(main())
    assert isinstance(seen, NoAnswer)
    assert not seen.sent, "the handshake failed before any byte of the request left"
    assert not seen.certificate


def test_system_certificates_are_checked() -> None:
    sending = client("https://crm.example")
    context = sending._connections.context
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname

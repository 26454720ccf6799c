"""What breaks on the wire, through httpx, to the label in the journal; and answers that take too long."""

import asyncio
from pathlib import Path

import pytest

from tests.crm.wire import Wire
from tests.push.live import ASKED_TO_STOP, Fault, Reader, Server, Writer, reset, send
from tests.runs.conftest import planned_row


async def closes(writer: Writer) -> None:
    writer.transport.abort()


async def resets(writer: Writer) -> None:
    reset(writer)


def cut_after(answer: bytes) -> Fault:
    async def fault(writer: Writer) -> None:
        writer.write(answer)
        await writer.drain()
        await asyncio.sleep(0.02)
        reset(writer)

    return fault


FAULTS: dict[str, Fault] = {
    "closed without an answer": closes,
    "reset without an answer": resets,
    "cut in the status line": cut_after(b"HTTP/1.1 2"),
    "cut in the head": cut_after(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "cut before the body": cut_after(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n"),
    "cut in the body": cut_after(b'HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{"lead_id": "id-L-3", "crm'),
    "cut in a chunk": cut_after(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{"lead_id"'),
    "a chunk that is none": cut_after(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
    "two lengths": cut_after(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
    "not HTTP": cut_after(b"220 smtp.example ESMTP\r\n"),
    "only 103": cut_after(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
    "packed": cut_after(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b"),
}


@pytest.mark.slow
@pytest.mark.parametrize("stores", [False, True], ids=["not stored", "stored"])
@pytest.mark.parametrize("name", FAULTS)
def test_a_broken_answer_is_in_doubt_and_the_label_stays_true(tmp_path: Path, name: str, stores: bool) -> None:
    server = Server(fault=FAULTS[name], victims={"L-3"}, stores=stores)
    sent = send(tmp_path / "r", server, [planned_row(number) for number in (2, 3, 4)])
    assert sent.stop is None
    assert sent.statuses == ["created", "created_unconfirmed" if stores else "created", "created"]
    assert sent.possibly_sent("L-3") == stores
    follow_up = "held" if stores else "accepted"
    assert [str(r.events) for r in sent.push.results()] == ["accepted", follow_up, "accepted"]
    creates = [request for request in sent.wire.requests if b'"L-3"' in request and request.startswith(b"POST")]
    assert len(creates) == 2
    assert creates[0].partition(b"\r\n\r\n")[2] == creates[1].partition(b"\r\n\r\n")[2], "byte for byte the same"


@pytest.mark.parametrize("fault", [closes, resets])
def test_a_connection_that_breaks_before_the_request_is_read_is_in_doubt_too(tmp_path: Path, fault: Fault) -> None:
    """From here nobody can see what the server has read."""

    async def after_first(serving: Wire, reader: Reader, writer: Writer) -> None:
        # the first connection serves one request, so that the second create needs a new one
        if serving.connections == 1:
            request = await serving.read(reader)
            head, _, body = request.partition(b"\r\n\r\n")
            writer.write(server.answer(head, body))
            await writer.drain()
            return
        await server(serving, reader, writer)

    server = Server(fault=fault, before_reading=True)
    rows = [planned_row(number, assign=False, events=0) for number in (2, 3)]
    sent = send(tmp_path / "r", after_first, rows)
    assert (sent.stop, sent.statuses) == (None, ["created", "created"])
    assert sent.push.results()[1].attempts == 2


def test_a_server_that_is_not_there_leaves_no_doubt(tmp_path: Path) -> None:
    async def hangs(serving: Wire, reader: Reader, writer: Writer) -> None:
        await asyncio.sleep(30)

    sent = send(tmp_path / "r", hangs, [planned_row(2)], tls=True, total=1.0, stop_after=0.5)
    assert sent.stop == ASKED_TO_STOP
    assert sent.statuses == ["pending"]
    assert not sent.possibly_sent("L-2"), "TLS was never set up"
    assert sent.seconds < 25, "it waited for the server"


async def drips_head(serving: Wire, reader: Reader, writer: Writer) -> None:
    await serving.read(reader)
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-Drip: 1\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)


async def drips_body(serving: Wire, reader: Reader, writer: Writer) -> None:
    await serving.read(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


async def drips_chunks(serving: Wire, reader: Reader, writer: Writer) -> None:
    await serving.read(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"1\r\n \r\n")
        await writer.drain()
        await asyncio.sleep(0.05)


async def floods_103(serving: Wire, reader: Reader, writer: Writer) -> None:
    await serving.read(reader)
    while True:
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.001)


async def says_nothing(serving: Wire, reader: Reader, writer: Writer) -> None:
    await serving.read(reader)
    await asyncio.sleep(60)


async def never_reads(serving: Wire, reader: Reader, writer: Writer) -> None:
    await asyncio.sleep(60)


@pytest.mark.parametrize("step", [drips_head, drips_body, drips_chunks, floods_103, says_nothing, never_reads])
@pytest.mark.slow
def test_an_answer_that_takes_too_long_ends_at_the_total_and_is_in_doubt(tmp_path: Path, step: object) -> None:
    sent = send(tmp_path / "r", step, [planned_row(2)], total=2.0, stop_after=1.0)
    assert sent.stop == ASKED_TO_STOP
    assert 1.9 <= sent.seconds < 30
    assert sent.statuses == ["pending"]
    assert sent.possibly_sent("L-2")
    assert len(sent.wire.requests) <= 1

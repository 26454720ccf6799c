"""A server that answers without end, or with more than it says, gets neither memory nor time (S9); on real sockets.

The endless and the dripping body, the huge one and the half ones are in test_client_wire.py, the memory they take in
tests/push/test_big_answers.py.
"""

import asyncio
import gzip
import time
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest

from importer.crm.connections import BODY_LIMIT
from importer.crm.observation import Answer, NoAnswer, Observation
from tests.crm.test_client_wire import call, client
from tests.crm.wire import Step, Wire, answering, http, wire

ONE_MIB = 1 << 20
BOMB = gzip.compress(bytes(200 * ONE_MIB))
"""A fifth of a megabyte that would be 200."""


def endless(head: bytes, part: bytes, pause: float = 0.0) -> Step:
    """Begins an answer, and then repeats the same bytes without end."""

    async def step(serving: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await serving.read(reader)
        writer.write(head)
        while True:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)

    return step


@pytest.fixture
def memory() -> Iterator[None]:
    """The test's own peak stays below 20 MiB."""
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * ONE_MIB


def seen_within(step: Step, seconds: float, *, total: float) -> Observation:
    async def main() -> Observation:
        async with wire(step) as serving, client(serving.base_url, total=total) as sending:
            return await sending.send(call())

    began = time.monotonic()
    seen = asyncio.run(main())
    assert time.monotonic() - began < seconds
    return seen


@pytest.mark.parametrize(
    ("head", "part"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X-Filler: " + b"x" * 500 + b"\r\n"),
        (b"HTTP/1.1 200 OK\r\nX-Filler: ", b"x" * 5000),
        (b"HTTP/1.1 200 ", b"O" * 5000),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X-Filler: " + b"x" * 500 + b"\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1;" + b"x" * 5000),
    ],
    ids=["headers", "one header", "the reason", "trailers", "a chunk's extension"],
)
@pytest.mark.usefixtures("memory")
def test_a_head_without_end_is_cut_off_at_the_library_s_limit(head: bytes, part: bytes) -> None:
    seen = seen_within(endless(head, part), 50, total=60.0)
    assert isinstance(seen, NoAnswer)
    assert seen.sent, "the request was received, so it is in doubt"
    assert "RemoteProtocolError" in seen.reason


@pytest.mark.parametrize(
    ("head", "part"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nX-Filler: ", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ],
    ids=["100", "103", "a header, drop by drop", "a body, drop by drop"],
)
@pytest.mark.usefixtures("memory")
def test_an_answer_that_never_comes_to_its_end_is_given_up_at_the_total(head: bytes, part: bytes) -> None:
    """Each piece comes well within the limit for one read."""
    seen = seen_within(endless(head, part, pause=0.01), 50, total=0.5)
    assert isinstance(seen, NoAnswer)
    assert seen.sent
    assert "0.5 s" in seen.reason


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate", "br", "identity, gzip", "GZIP"])
@pytest.mark.usefixtures("memory")
def test_a_bomb_is_never_unpacked(coding: str) -> None:
    seen = seen_within(
        answering(
            http(zlib.compress(bytes(9)) if coding == "deflate" else BOMB, "200 OK", f"Content-Encoding: {coding}")
        ),
        15,
        total=10.0,
    )
    assert isinstance(seen, Answer)
    assert seen.body is None


def test_a_bomb_that_claims_to_be_plain_stays_packed() -> None:
    seen = seen_within(answering(http(BOMB)), 50, total=10.0)
    assert isinstance(seen, Answer)
    assert seen.body is not None
    assert len(seen.body) == len(BOMB) <= BODY_LIMIT
    assert seen.document is None


def test_the_key_is_hidden_however_an_answer_escapes_it() -> None:
    key = client("https://crm.example")._credential.headers()["x-org-api-key"]
    escaped = "".join(f"\\u{ord(character):04x}" for character in key)
    seen = seen_within(answering(http(f'{{"error_message": "no: {escaped}"}}'.encode(), "422 No")), 50, total=10.0)
    assert isinstance(seen, Answer)
    assert seen.error_text == "no: ***"

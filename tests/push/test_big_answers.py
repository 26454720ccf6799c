"""Answers that are far too large cost no memory and prove nothing."""

import asyncio
import gzip
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.crm.wire import Wire, http, wire
from tests.push.live import Reader, Writer

ROOT = Path(__file__).parents[2]
MIB = 1 << 20
ORDINARY = http(b'{"lead_id": "u-1", "crm_id": "L-1", "attributes": {}}')
LARGE_JSON = json.dumps({"lead_id": "u-1", "crm_id": "L-1", "attributes": {"x": "y" * 10 * MIB}}).encode()
LARGE_ERROR = json.dumps({"error_code": 1, "error_message": "no" * 5 * MIB}).encode()


async def _large_json(writer: Writer) -> None:
    writer.write(http(LARGE_JSON))
    await writer.drain()


async def _endless(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        await writer.drain()


async def _bomb(writer: Writer) -> None:
    writer.write(http(gzip.compress(b" " * 256 * MIB, 1), "200 OK", "Content-Encoding: gzip"))
    await writer.drain()


async def _large_error(writer: Writer) -> None:
    writer.write(http(LARGE_ERROR, "500 Internal Server Error"))
    await writer.drain()


async def _large_refusal(writer: Writer) -> None:
    writer.write(http(LARGE_ERROR, "429 Too Many Requests"))
    await writer.drain()


async def _endless_head(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: " + b"y" * 1000 + b"\r\n")
        await writer.drain()


def asked(answer: Any) -> dict[str, Any]:
    """What a process of its own saw of three such answers, after an ordinary one."""

    async def step(serving: Wire, reader: Reader, writer: Writer) -> None:
        while await serving.read(reader):
            if len(serving.requests) == 1:
                writer.write(ORDINARY)
                await writer.drain()
            else:
                await answer(writer)

    async def main() -> bytes:
        async with wire(step) as serving:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                str(ROOT / "tests/push/big_answers.py"),
                serving.base_url,
                "3",
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=asyncio.subprocess.PIPE,
            )
            out, _ = await process.communicate()
            assert process.returncode == 0
            return out

    told: dict[str, Any] = json.loads(asyncio.run(main()))
    return told


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory as Linux tells it")
@pytest.mark.parametrize(
    ("answer", "unread", "action", "maybe"),
    [
        (_large_json, True, "doubt", True),
        (_endless, True, "doubt", True),
        (_bomb, True, "doubt", True),
        (_large_error, True, "doubt", True),
        (_large_refusal, True, "unclear", None),
        (_endless_head, False, "doubt", True),
    ],
)
def test_a_huge_answer_costs_no_memory_and_proves_nothing(
    answer: Any, unread: bool, action: str, maybe: bool | None
) -> None:
    told = asked(answer)
    assert told["told"] == [[unread, action, maybe]] * 3
    assert told["extra_kib"] <= 16 * 1024

import random

import pytest

from importer.crm.observation import Answer
from importer.crm.rate_limiter import LONGEST_WAIT, backoff, retry_after


def asked(**headers: str) -> float | None:
    return retry_after(Answer(status=429, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=b""))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        (" 12 ", 12.0),
        ("1000000000", LONGEST_WAIT),
        ("9" * 400, LONGEST_WAIT),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("٣", 3.0),
    ],
)
def test_seconds(text: str, seconds: float | None) -> None:
    assert asked(retry_after=text) == seconds


def test_a_date_is_read_by_the_servers_own_clock() -> None:
    now, later = "Sun, 22 Nov 2026 15:04:05 GMT", "Sun, 22 Nov 2026 15:04:35 GMT"
    assert asked(retry_after=later, date=now) == 30.0
    assert asked(retry_after=now, date=later) == 0.0, "what is past is no wait"
    assert asked(retry_after="Sun, 22 Nov 2099 15:04:05 GMT", date=now) == LONGEST_WAIT


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("Sun, 22 Nov 2026 15:04:35 GMT", "yesterday"),
        ("Sun, 22 Nov 2026 15:04:35", "Sun, 22 Nov 2026 15:04:05 GMT"),
        ("Sun, 22 Nov 2026 15:04:35 -0000", "Sun, 22 Nov 2026 15:04:05 GMT"),
        ("Sun, 99 Nov 2026 15:04:35 GMT", "Sun, 22 Nov 2026 15:04:05 GMT"),
    ],
)
def test_a_date_that_makes_no_sense_never_raises(text: str, date: str) -> None:
    seconds = asked(retry_after=text, date=date)
    assert seconds is None or 0.0 <= seconds <= LONGEST_WAIT


def test_no_header_no_wait() -> None:
    assert asked() is None


def test_backoff_is_full_jitter_that_doubles_up_to_the_cap() -> None:
    rng = random.Random(1)
    for attempt, ceiling in [(0, 1.0), (1, 2.0), (3, 8.0), (6, 60.0), (1000, 60.0)]:
        waits = [backoff(attempt, rng) for _ in range(300)]
        assert all(0.0 <= wait <= ceiling for wait in waits)
        assert max(waits) > ceiling * 0.9
        assert min(waits) < ceiling * 0.1

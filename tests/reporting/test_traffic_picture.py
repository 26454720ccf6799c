"""The picture of requests over time: true heights, one scale, few bars."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from importer.model.run import Traffic
from importer.reporting import Overview, write_html
from importer.reporting.page.charts import traffic_picture
from tests.reporting.conftest import Reports

BEGIN = datetime(2026, 11, 22, 15, 4, 0)  # noqa: DTZ001 - as the journal writes it


def tens(count: int, kind: str = "create", **counts: Any) -> tuple[Traffic, ...]:
    times = (BEGIN + timedelta(seconds=10 * index) for index in range(count))
    return tuple(Traffic(kind=kind, at=time.isoformat(), **(counts or {"settled": 100})) for time in times)


def test_a_run_of_seconds_gets_no_picture() -> None:
    assert traffic_picture(()) is None
    assert traffic_picture(tens(2)) is None
    assert traffic_picture(tens(3)) is not None


def test_heights_are_shares_of_one_scale() -> None:
    picture = traffic_picture((*tens(3, settled=60, throttled=20, repeated=20), *tens(3, "event", settled=50)))
    creates, events = picture.panels
    assert (picture.full, creates.busiest, events.busiest) == (10, 10, 5)
    assert [(part.ending, part.top, part.height) for part in creates.bars[0].parts] == [
        ("settled", 40, 60),
        ("throttled", 20, 20),
        ("repeated", 0, 20),
    ]
    assert [(part.top, part.height) for part in events.bars[0].parts] == [(50, 50)]
    assert creates.counts == {"settled": 180, "throttled": 60, "repeated": 60}


def test_one_refusal_among_many_is_seen_and_the_bar_stays_true() -> None:
    (panel,) = traffic_picture(tens(3, settled=999, throttled=1)).panels
    settled, throttled = panel.bars[0].parts
    assert throttled.height == 2.0
    assert settled.height + throttled.height == pytest.approx(100)


@pytest.mark.slow
@pytest.mark.parametrize("count", [3, 60, 73, 1_000, 10_000, 200_000])
def test_however_long_the_run_there_are_few_bars(count: int) -> None:
    picture = traffic_picture(tens(count))
    (panel,) = picture.panels
    assert 1 <= len(panel.bars) <= 73
    assert panel.counts["settled"] == 100 * count
    assert panel.busiest <= 10
    assert all(0 <= bar.start <= 100 - picture.width + 0.001 for bar in panel.bars)


def test_a_time_without_requests_is_a_gap() -> None:
    first, *_, last = tens(20)
    (panel,) = traffic_picture((first, last)).panels
    assert [round(bar.start) for bar in panel.bars] == [0, 95]


def test_the_page_shows_it_to_ears_too(tmp_path: Path, reports: Reports) -> None:
    rows = [reports.created(2)]
    run = reports.run(rows=rows, traffic=(*tens(6), *tens(6, "assign", settled=40, repeated=2)))
    write_html(tmp_path / "report.html", run, Overview())
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    page_text = (
        "Assign leads, 2026-11-22 15:04:00 to 15:05:00 UTC: 240 settled, 12 repeated, at most 4.2 requests a second"
    )
    assert page_text in page
    assert "each bar 10 s" in page
    assert "throttled, sent again" not in page, "no colour is explained that does not occur"

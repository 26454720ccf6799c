"""report.html: parsed as a browser would, and used in a real one."""

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from importer import reporting
from importer.model.examination import Change, Examination, Symptom
from importer.model.outcome import FollowUp, RowStatus
from importer.model.problem import Problem
from importer.model.run import Estimate, RunReport, RunState, Story
from importer.reporting import Overview, write_html
from importer.reporting.overview import ROWS_SHOWN
from tests.reporting.conftest import ReportRow, Reports

TEMPLATES = Path(reporting.__file__).with_name("page") / "templates"

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\" ' onfocus=alert(3) &amp; {{ 7*7 }}"


class Parsed(HTMLParser):
    """The tags with their attributes, and the text by the tag around it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.inside = {"script": "", "style": ""}
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[Any]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open = tag

    def handle_data(self, text: str) -> None:
        if self._open in self.inside:
            self.inside[self._open] += text
        else:
            self.texts.append(text)

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def named(self, tag: str) -> list[Any]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def page_text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def seen(rows: list[ReportRow]) -> Overview:
    overview = Overview()
    for batch in Reports().batches(rows):
        overview.add(batch)
    return overview


def written(tmp_path: Path, run: RunReport, rows: list[ReportRow]) -> Parsed:
    path = tmp_path / "report.html"
    write_html(path, run, seen(rows))
    return Parsed(path.read_text(encoding="utf-8"))


def test_what_happened_is_one_sentence_with_true_counts(tmp_path: Path, reports: Reports) -> None:
    rows = [*(reports.created(number) for number in range(2, 7)), reports.invalid(7), reports.row(8, RowStatus.UNKNOWN)]
    parsed = written(tmp_path, reports.run(rows=rows), rows)
    assert "7 rows read: 5 created, 1 invalid, 1 unknown. 2 rows need attention." in parsed.page_text
    widths = [float(rect["width"].rstrip("%")) for rect in parsed.named("rect")]
    assert widths == pytest.approx([500 / 7, 100 / 7, 100 / 7], abs=0.01)
    assert "4 throttled by the CRM" in parsed.page_text
    assert "5 retried" in parsed.page_text


def test_text_of_cells_and_of_the_server_is_shown_as_text(tmp_path: Path, reports: Reports) -> None:
    problem = Problem(row=2, code="phone-invalid", detail=EVIL, column=EVIL, value="x\u202ey\x07")
    rows = [
        reports.invalid(2, crm_id=EVIL, problems=(problem,)),
        reports.row(3, RowStatus.REJECTED, message=EVIL, hint=EVIL),
        reports.created(4, assigned_to=EVIL, assign=FollowUp.REJECTED, message=EVIL),
    ]
    run = reports.run(
        reports.source(EVIL + ".xlsx", sheet=EVIL), rows=rows, reason=EVIL, state=RunState.STOPPED, org=EVIL
    )
    parsed = written(tmp_path, run, rows)
    assert len(parsed.named("script")) == 1
    assert parsed.named("img") == []
    attributes = {name for _, attributes in parsed.tags for name in attributes}
    assert not {name for name in attributes if name.startswith("on") or name in {"src", "srcset", "style", "action"}}
    assert {link["href"] for link in parsed.named("a")} == {"#rows"}
    assert parsed.page_text.count("<script>alert(1)</script>") >= 8
    assert "{{ 7*7 }}" in parsed.page_text
    assert "\\u202e" in parsed.page_text
    assert "\u202e" not in parsed.page_text


def test_what_is_reported_about_columns_and_files_is_shown_as_text_too(tmp_path: Path, reports: Reports) -> None:
    symptom = Symptom(code="mojibake", column=EVIL, count=1, rows=(2,), fix=EVIL, detail=EVIL)
    change = Change(kind="renamed", column=EVIL, detail=EVIL)
    source = reports.source()
    source = replace(source, info=replace(source.info, notes=(EVIL,)))
    examination = Examination(symptoms=(symptom,), changes=(change,), compared_with=EVIL)
    fields = {"run_id": EVIL, "base_url": EVIL, "mapping_path": EVIL, "started_at": EVIL, "mends": EVIL}
    problem = Problem(row=2, code=EVIL, detail="", fix=EVIL)
    rows = [reports.invalid(2, problems=(problem,)), reports.row(3, RowStatus.REJECTED, hint=EVIL, message=EVIL)]
    story = Story(first=EVIL, rows=2, created=1, mended=0, left=1)
    run = reports.run(source, rows=rows, examination=examination, story=story, **fields)
    parsed = written(tmp_path, run, rows)
    assert len(parsed.named("script")) == 1
    assert parsed.named("img") == []
    assert parsed.page_text.count("<script>alert(1)</script>") >= 20


def test_nothing_of_the_template_is_exempt_from_escaping() -> None:
    """What stands there as it is are the program's own files, script and style: `page.py` says so, by their type."""
    template = (TEMPLATES / "report.html.j2").read_text(encoding="utf-8")
    assert not re.search(r"\|\s*(safe|forceescape|xmlattr|attr)\b|autoescape|Markup", template)


def test_the_policy_allows_this_very_script_and_style_and_nothing_else(tmp_path: Path, reports: Reports) -> None:
    parsed = written(tmp_path, reports.run(), [])
    (policy,) = [meta["content"] for meta in parsed.named("meta") if "Policy" in meta.get("http-equiv", "")]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    for tag in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(parsed.inside[tag].encode()).digest()).decode()
        assert rules[f"{tag}-src"] == f"'sha256-{digest}'"
    nothing = ("default-src", "base-uri", "form-action")
    assert {name: words for name, words in rules.items() if name not in ("script-src", "style-src")} == dict.fromkeys(
        nothing, "'none'"
    )
    assert [meta["content"] for meta in parsed.named("meta") if meta.get("name") == "referrer"] == ["no-referrer"]
    assert "http" not in parsed.inside["script"] + parsed.inside["style"]


def test_problems_are_grouped_by_rule_with_examples_and_fixes(tmp_path: Path, reports: Reports) -> None:
    hint = Problem(row=2, code="phone-repeated", detail="is on two rows", warning=True)
    rows = [*(reports.invalid(number) for number in range(2, 14)), reports.created(20, problems=(hint,))]
    rows.append(
        reports.row(30, RowStatus.REJECTED, message="no", hint="ask the CRM", http_status=422, error_code=4220001)
    )
    page_text = written(tmp_path, reports.run(rows=rows), rows).page_text
    assert page_text.index("Not a phone number 12 rows") < page_text.index("Rejected by the CRM (4220001) 1 row")
    assert page_text.index("Rejected by the CRM (4220001)") < page_text.index(
        "One phone number on several rows 1 row warning only"
    )
    assert "row 2 Phone: “12” is not a phone number" in page_text
    assert "and 7 more" in page_text
    assert "What to do: ask the CRM" in page_text


def test_owners_have_their_counts(tmp_path: Path, reports: Reports) -> None:
    rows = [reports.created(number) for number in range(2, 5)]
    rows.append(reports.created(9, assigned_to="ravi@crm.example", assign=FollowUp.HELD))
    page_text = written(tmp_path, reports.run(rows=rows), rows).page_text
    assert re.search(r"asha@crm\.example 3 3 0 0 ravi@crm\.example 1 0 1 0", page_text)


def test_the_rows_are_capped_and_the_page_says_so(tmp_path: Path, reports: Reports) -> None:
    rows = [reports.invalid(number) for number in range(2, 2 + ROWS_SHOWN + 1)]
    parsed = written(tmp_path, reports.run(rows=rows), rows)
    assert "The first 2,000 of 2,001 rows are shown." in parsed.page_text
    assert sum("data-number" in attributes for attributes in parsed.named("tr")) == 2_000
    assert (tmp_path / "report.html").stat().st_size < 2_000_000


def test_a_check_says_what_would_be_sent(tmp_path: Path, reports: Reports) -> None:
    rows = [reports.row(2, RowStatus.VALID)]
    run = reports.run(rows=rows, command="check", org="", estimate=Estimate(rows_to_send=1, requests=3, seconds=10_020))
    page_text = written(tmp_path, run, rows).page_text
    assert "1 row checked: 1 ready to be sent. Nothing needs attention." in page_text
    assert "Nothing was sent." in page_text
    assert "3 requests 2 h 47 min at the given rate" in page_text


def test_a_run_that_stopped_says_why_and_how_it_goes_on(tmp_path: Path, reports: Reports) -> None:
    run = reports.run(state=RunState.STOPPED, reason="The CRM refused the credential.", exit_code=3, rows=())
    page_text = written(tmp_path, run, []).page_text
    assert (
        "stopped before its end: The CRM refused the credential. Nothing is lost. To continue: `importer resume`"
        in page_text
    )
    assert "There were no rows." in page_text
    assert "`importer resume`" not in written(tmp_path, reports.run(state=RunState.STOPPED, exit_code=2), []).page_text


SHOWN = "[...document.querySelectorAll('#people tbody tr')].filter(r => !r.hidden).map(r => r.dataset.number).join()"
TYPE = """(text => {
    const search = document.getElementById("search");
    search.value = text;
    search.dispatchEvent(new Event("input"));
})"""
CLICK = "(text => [...document.querySelectorAll('#people thead button')].find(b => b.textContent === text).click())"


class Browser:
    """A real Chromium, spoken to through a pipe."""

    def __init__(self, folder: Path) -> None:
        flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
        flags += " --disable-component-update --disable-sync --disable-dev-shm-usage --remote-debugging-pipe"
        theirs, self._out = os.pipe()
        self._in, answers = os.pipe()
        command = ["chromium", *flags.split(), f"--user-data-dir={folder}", "about:blank"]
        self._chromium = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{theirs} 4>&{answers}', "bash", *command],
            pass_fds=(theirs, answers),
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs)
        os.close(answers)
        self._rest = b""
        self._count = 0
        self.events: list[dict[str, Any]] = []
        self._session = None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Log", "Network", "Page", "Runtime"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        self._count += 1
        message = {"id": self._count, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != self._count:
            self.events.append(answer)
        return answer["result"]

    def open(self, path: Path) -> None:
        self.ask("Page.navigate", url=path.as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(self._read())

    def value(self, expression: str) -> object:
        answer = self.ask("Runtime.evaluate", expression=expression, awaitPromise=True, userGesture=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def close(self) -> None:
        self._chromium.terminate()
        self._chromium.wait()
        os.close(self._in)
        os.close(self._out)

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            chunk = os.read(self._in, 1 << 16)
            assert chunk, "Chromium went away"
            self._rest += chunk
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)


@pytest.mark.browser
@pytest.mark.skipif(not shutil.which("chromium"), reason="needs Debian's chromium (apt-get install chromium)")
def test_a_person_can_search_and_sort_in_a_browser(tmp_path: Path, reports: Reports) -> None:
    rows = [reports.invalid(number, value=EVIL if number == 9 else f"{number}") for number in (3, 20, 9, 100)]
    rows.append(reports.row(7, RowStatus.REJECTED, crm_id="Zoë", message="=1+1", http_status=422))
    written(tmp_path, reports.run(rows=rows), rows)
    browser = Browser(tmp_path / "profile")
    try:
        browser.open(tmp_path / "report.html")
        assert browser.value("document.getElementById('tools').hidden") is False
        assert browser.value(SHOWN) == "3,20,9,100,7"
        browser.value(TYPE + "('ZOË rejected')")
        assert browser.value(SHOWN) == "7"
        assert browser.value("document.getElementById('shown').textContent") == "1 of 5 rows"
        browser.value(TYPE + "('')")
        browser.value(CLICK + "('CRM id')")
        assert browser.value(SHOWN) == "3,9,20,100,7"
        browser.value(CLICK + "('CRM id')")
        assert browser.value(SHOWN) == "7,100,20,9,3"
        browser.value(CLICK + "('Row')")
        assert browser.value(SHOWN) == "3,20,9,100,7"
        browser.value("document.querySelector('button[data-search=phone-invalid]').click()")
        assert browser.value(SHOWN) == "3,20,9,100"
        assert browser.value("document.querySelectorAll('img, #people script').length") == 0
        assert browser.value("document.getElementById('people').textContent.includes('<script>alert(1)</script>')")
        assert browser.value("getComputedStyle(document.querySelector('.rule')).borderLeftStyle") == "solid"
    finally:
        browser.close()
    page_text = [event for event in browser.events if event["method"] in {"Log.entryAdded", "Runtime.exceptionThrown"}]
    asked = [
        event["params"]["request"]["url"] for event in browser.events if event["method"] == "Network.requestWillBeSent"
    ]
    assert page_text == []
    assert asked == [(tmp_path / "report.html").as_uri()]

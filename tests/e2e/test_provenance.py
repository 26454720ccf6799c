"""`provenance`: every lead says where it came from, also after a resume, and is no other lead for that."""

from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest

from tests.cli.command_line import KEY, CommandLine
from tests.e2e.recording_server import Recorded, RecordingServer, behave, recording, reply

MAPPING = """\
version: 1
name: traced
where: [{column: Name, not_blank: true}]
lead:
  crm_id: ID
  first_name: Name
  phone_number: Phone
  attributes:
    import: {run: {provenance: run}, file: {provenance: file}, sheet: {provenance: sheet}, day: {provenance: date}}
    row: {provenance: row, type: integer}
events:
  - event: E
    key: k
    attributes: {row: {provenance: row}}
"""
FAST = ("--rate", "0", "--settle", "0", "--no-canary", "--org", "o1")


@pytest.fixture
def keyed(importer: CommandLine, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    monkeypatch.setenv("SALESCHAT_API_KEY", KEY)
    importer.mapping(MAPPING)
    return importer


def a_list(importer: CommandLine, name: str, numbers: Sequence[int] = (1, 2)) -> Path:
    """A header in row 3 and a row that `where` leaves out in row 4: the first lead is in row 5."""
    rows = [("List",), (), ("ID", "Name", "Phone"), ("0", "", "")]
    rows += [(f"L-{number}", "Asha", f"+9198765{number:05}") for number in numbers]
    path = importer.folder / name
    if path.suffix == ".csv":
        path.write_text("\n".join(",".join(row) for row in rows) + "\n")
        return path
    book = openpyxl.Workbook()
    book.active.title = "May fair"
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def bodies(server: RecordingServer) -> dict[str, Recorded]:
    """The requests that create leads, by crm_id."""
    return {request.document["crm_id"]: request for request in server.requests if request.method == "POST"}


@pytest.mark.parametrize(("name", "sheet"), [("list.csv", None), ("list.xlsx", "May fair")])
def test_bodies_say_where_each_lead_came_from(keyed: CommandLine, name: str, sheet: str | None) -> None:
    with recording() as server:
        ended = keyed(
            "run", a_list(keyed, name), "-m", "m.yaml", "--header-row", "3", *FAST, "--base-url", server.base_url
        )
    assert ended.code == 0, ended.err
    run_id = keyed.latest().name
    day = f"{run_id[:4]}-{run_id[4:6]}-{run_id[6:8]}"
    origin = {"run": run_id, "file": name, **({"sheet": sheet} if sheet else {}), "day": day}
    sent = {crm_id: request.document["attributes"] for crm_id, request in bodies(server).items()}
    assert sent == {"L-1": {"import": origin, "row": 5}, "L-2": {"import": origin, "row": 6}}
    events = [request.document["attributes"] for request in server.requests if b'"event"' in request.body]
    assert events == [{"row": "5"}, {"row": "6"}]


def test_a_resumed_run_sends_the_provenance_it_began_with(keyed: CommandLine) -> None:
    """The second lead is refused by an outage of the credential, and sent by `resume` from another moment on."""
    path = a_list(keyed, "list.csv")
    with recording(lambda request: reply("401 Unauthorized")) as server:
        assert keyed("run", path, "-m", "m.yaml", "--header-row", "3", *FAST, "--base-url", server.base_url).code == 3
        first = bodies(server)
        run_id = keyed.latest().name
        path.rename(path.with_name("moved.csv"))
        server.answer = behave
        server.requests.clear()
        assert keyed("resume", *FAST[:5]).code == 0
        assert len(bodies(server)) == 2
    for crm_id, request in bodies(server).items():
        assert request.document["attributes"]["import"]["run"] == run_id
        assert crm_id not in first or request.body == first[crm_id].body


def test_the_same_row_twice_is_one_lead_and_a_later_run_repeats_no_event(keyed: CommandLine) -> None:
    path = a_list(keyed, "list.csv", (1, 1))
    a_list(keyed, "again.csv", (1,))
    with recording() as server:
        options = ("-m", "m.yaml", "--header-row", "3", *FAST, "--base-url", server.base_url)
        assert keyed("run", path, "again.csv", *options).code == 0
        assert keyed.statuses() == ["filtered", "created", "duplicate_in_file", "filtered", "duplicate_in_file"]
        keyed("run", "again.csv", *options, "--again")
        events = [request.document for request in server.requests if b'"event"' in request.body]
    assert len(events) == 2
    assert events[0]["distinct_id"] == events[1]["distinct_id"]

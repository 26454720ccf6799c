"""`importer init`: a mapping that loads and that `check` runs with at once."""

from pathlib import Path

import pytest

from importer.mapping import load_mapping
from tests.cli.command_line import ROOT, CommandLine, leads

EXPORTS = sorted(path.stem for path in (ROOT / "samples/exports").glob("*.csv"))


def test_a_list_is_shown_a_mapping_written_and_check_runs_with_it(importer: CommandLine) -> None:
    importer.table(leads(5))
    ended = importer("init", "list.csv")
    assert ended.code == 0
    assert "Written: list.mapping.yaml" in ended.out
    assert "importer check list.csv -m list.mapping.yaml" in ended.out
    assert [line.split()[:2] for line in ended.err.splitlines() if line.startswith(("ID ", "Phone "))] == [
        ["ID", "crm_id"],
        ["Phone", "phone_number"],
    ]
    assert importer("check", "list.csv", "-m", "list.mapping.yaml").code == 0
    assert importer.statuses() == ["valid"] * 5


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPORTS)
def test_the_ready_mapping_of_an_export_is_what_init_proposes_for_its_sample(
    importer: CommandLine, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("samples", "mappings"):
        (importer.folder / folder).symlink_to(ROOT / folder)
    proposed = importer.folder / "proposed.yaml"
    sample, ready = f"samples/exports/{name}.csv", f"mappings/{name}.yaml"
    ended = importer("init", sample, "-o", proposed)
    assert "This is an export of" in ended.err
    assert ready in ended.err
    text = proposed.read_text(encoding="utf-8").replace(str(proposed), ready).replace("name: proposed", f"name: {name}")
    assert text.replace("prefix: proposed-", f"prefix: {name}-") == (ROOT / ready).read_text(encoding="utf-8")
    assert importer("check", sample, "-m", ready).code == 0
    assert set(importer.statuses()) == {"valid"}
    assert len(importer.results()) == 12


def test_options_needed_to_read_the_file_are_in_the_mapping(importer: CommandLine) -> None:
    rows = "\n".join(f"{n}^Zoë {n}^+9198765{n:05}" for n in range(3, 9))
    (importer.folder / "l.csv").write_bytes(f"ID^Name^Phone\n{rows}\n".encode("cp1252"))
    assert importer("init", "l.csv", "--encoding", "cp1252", "--delimiter", "^", "-o", "m.yaml").code == 0
    source = load_mapping(Path("m.yaml")).mapping.source
    assert (source.encoding, source.delimiter) == ("cp1252", "^")
    assert importer("check", "l.csv", "-m", "m.yaml").code == 0


def test_a_mapping_that_is_there_is_not_written_over(importer: CommandLine) -> None:
    importer.table(leads(3))
    path = importer.mapping("mine", "m.yaml")
    ended = importer("init", "list.csv", "-o", "m.yaml")
    assert ended.code == 2
    assert "m.yaml already exists" in ended.error
    assert path.read_text(encoding="utf-8") == "mine"
    assert importer("init", "list.csv", "-o", "m.yaml", "--force").code == 0
    assert load_mapping(path)


def test_a_list_without_what_is_needed_leads_to_a_mapping_that_check_explains(importer: CommandLine) -> None:
    importer.table([["Pune", "hot"], ["Köln", "cold"]], columns=("City", "Stage"))
    ended = importer("init", "list.csv")
    assert ended.code == 0
    assert "TODO line" in ended.err
    assert importer("check", "list.csv", "-m", "list.mapping.yaml").code == 1
    assert importer.statuses() == ["invalid", "invalid"]
    assert "TODO: name the column of the first name" in importer.results()[0]["message"]


def test_json(importer: CommandLine) -> None:
    importer.table(leads(2))
    document = importer("init", "list.csv", "--json").document
    assert (document["state"], document["exit_code"], document["mapping"]) == ("finished", 0, "list.mapping.yaml")
    assert document["source"]["rows"] == 2
    assert document["columns"][0] == {"name": "ID", "filled": 2, "samples": ["L-0001", "L-0002"], "becomes": "crm_id"}
    assert all(set(look) == {"line", "must", "text"} for look in document["looks"])


def test_cells_reach_the_terminal_only_escaped(importer: CommandLine) -> None:
    importer.table(
        [[f"{n}\x1b[31m", "A\u202eB", f"+9198765{n:05}"] for n in range(3)], columns=("I\x1bD", "Name", "Phone")
    )
    ended = importer("init", "list.csv")
    assert ended.code == 0
    assert "\x1b" not in ended.out + ended.err.replace("\x1b[31m\x1b[1m", "")
    assert "\u202e" not in ended.err
    assert "\\x1b[31m" in ended.err
    assert "\x1b" not in Path("list.mapping.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "file not found"), ("", "empty"), ("ID,Name,Phone\n", "no row below the header")],
)
def test_files_without_a_table(importer: CommandLine, content: str | None, message: str) -> None:
    if content is not None:
        importer.write("list.csv", content)
    ended = importer("init", "list.csv")
    assert ended.code == 2
    assert message in ended.error
    assert not Path("list.mapping.yaml").exists()


def test_a_place_that_cannot_be_written(importer: CommandLine) -> None:
    importer.table(leads(2))
    ended = importer("init", "list.csv", "-o", "nowhere/m.yaml")
    assert ended.code == 5
    assert "nowhere/m.yaml cannot be written" in ended.error


def test_it_comes_first_in_the_help(importer: CommandLine) -> None:
    commands = importer("--help").out.partition("Commands:")[2].split()
    assert commands[0] == "init"

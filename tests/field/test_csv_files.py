"""CSV files as people and programs write them, from the file to what the CRM gets."""

import pytest

from importer.sandbox import Sandbox
from tests.cli.command_line import FAST, PLAIN_MAPPING, CommandLine

HEADER = "ID,Name,Phone\r\n"


def sent(sandbox: Sandbox) -> list[list[str]]:
    return [
        [lead.crm_id, *(str(lead.fields[key]) for key in ("first_name", "phone_number"))]
        for lead in sandbox.state.leads
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        HEADER + '="007",="Anna",="+4930901820"\r\n"=""008""","=""Bea""","=""+4930901821"""\r\n',
        '"ID" ,"Name" ,"Phone" \r\n"007" ,"Anna" ,"+4930901820" \r\n"008" ,"Bea" ,"+4930901821" \r\n',
        '"ID","Name","Phone"\r\n"007", "Anna","+4930901820"\r\n"008","Bea","+4930901821"\r\n',
        '\ufeff"ID","Name","Phone"\r\n"007","Anna","+4930901820"\r\n\ufeff"008","Bea","+4930901821"\r\n',
        HEADER + "007,Anna,+4930901820\r\n008,Bea,+4930901821\r\n\x1a",
    ],
    ids=["text formulas", "space behind quotes", "space before quotes", "mark between rows", "end mark of DOS"],
)
def test_idioms_of_csv_reach_the_crm_as_spreadsheets_show_them(
    importer: CommandLine, sandbox: Sandbox, text: str
) -> None:
    (importer.folder / "list.csv").write_bytes(text.encode())
    importer.mapping(PLAIN_MAPPING)
    assert importer("run", "list.csv", "-m", "m.yaml", *FAST).code == 0
    assert sorted(sent(sandbox)) == [["007", "Anna", "+4930901820"], ["008", "Bea", "+4930901821"]]


def test_a_list_of_excel_for_ms_dos_is_asked_about_and_then_read(importer: CommandLine, sandbox: Sandbox) -> None:
    names = ["Jürgen Müller", "Käthe Groß", "Björn Schröder", "Bärbel Weiß", "Sören Böhm"]
    rows = "".join(f"{at},{name},+493090182{at}\r\n" for at, name in enumerate(names))
    (importer.folder / "list.csv").write_bytes((HEADER + rows).encode("cp850"))
    importer.mapping(PLAIN_MAPPING)
    asked = importer("run", "list.csv", "-m", "m.yaml", *FAST)
    assert asked.code == 2
    assert "in cp850 it reads “Käthe Björn Schröder Bärbel Sören Böhm”" in asked.err
    assert "--encoding cp850" in asked.err
    assert sent(sandbox) == []
    assert importer("run", "list.csv", "-m", "m.yaml", "--encoding", "cp850", *FAST).code == 0
    assert sorted(name for _, name, _ in sent(sandbox)) == sorted(names)


def test_check_notices_apostrophes_in_front(importer: CommandLine) -> None:
    importer.table([["'007", "'Anna", "'+4930901820"]], columns=("ID", "Name", "Phone"))
    importer.mapping(PLAIN_MAPPING)
    checked = importer("check", "list.csv", "-m", "m.yaml")
    assert "ID: 1 × values with a leading apostrophe" in checked.out
    assert "Phone: 1" not in checked.out

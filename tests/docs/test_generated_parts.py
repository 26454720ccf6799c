"""What docs/ takes from the code is what the code says now; `make docs` writes it again."""

import re

import pytest

from docs import make_docs
from importer.cli.program import importer
from importer.model.problem import KINDS


@pytest.mark.parametrize("page", sorted({part.split(": ")[0] for part in make_docs.PARTS}))
def test_the_page_is_up_to_date(page: str) -> None:
    text = (make_docs.DOCS / page).read_text(encoding="utf-8")
    assert make_docs.with_parts(page, text) == text, "run `make docs`"


def test_every_problem_code_is_there_once_with_cause_and_fix() -> None:
    text = (make_docs.DOCS / "problem-codes.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| \*\*.+?\.\*\* .+? \| .+? \|$", text, re.MULTILINE)
    assert sorted(rows) == sorted(KINDS)


def test_warnings_stand_among_the_warnings() -> None:
    text = (make_docs.DOCS / "problem-codes.md").read_text(encoding="utf-8")
    problems, warnings = text.split("## Warnings")
    for code, kind in KINDS.items():
        assert f"| `{code}` |" in (warnings if kind.warning else problems)


def test_every_command_and_every_option_is_shown() -> None:
    text = (make_docs.DOCS / "command-line.md").read_text(encoding="utf-8")
    for name, command in importer.commands.items():
        assert f"$ importer {name} --help" in text
        section = text.split(f"$ importer {name} --help")[1].split("```")[0]
        for parameter in command.params:
            if not getattr(parameter, "hidden", False) and parameter.param_type_name == "option":
                assert all(option in section for option in parameter.opts), f"{name}: {parameter.opts}"


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="no marks"):
        make_docs.with_parts("problem-codes.md", "# Problem codes\n")

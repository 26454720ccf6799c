"""SECURITY.md promises tests: each of them exists, and every rule has one."""

import ast
import re

import pytest

from tests.docs.pages import ROOT, names, page, section, table

HEADINGS = ("The credential and the server", "Input", "Output", "Supply chain and sandbox")


def rules() -> dict[str, list[str]]:
    """Rule to the tests that it names."""
    rows = [row for heading in HEADINGS for row in table(section(page("SECURITY.md"), f"### {heading}"))]
    return {number: names(tests) for number, _, tests in rows}


def functions(file: str) -> set[str]:
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_every_rule_is_there_once_and_in_order() -> None:
    assert list(rules()) == [f"S{number}" for number in range(1, 34)]
    text = page("SECURITY.md")
    assert all(len(re.findall(rf"^\| S{number} \|", text, re.MULTILINE)) == 1 for number in range(1, 34))


@pytest.mark.parametrize(("rule", "tests"), rules().items(), ids=rules())
def test_every_rule_names_tests_that_exist(rule: str, tests: list[str]) -> None:
    assert tests, f"{rule} names no test"
    for test in tests:
        file, _, function = test.partition("::")
        assert function in functions(file), test


def test_it_says_how_to_report_and_what_is_not_protected() -> None:
    text = page("SECURITY.md")
    assert section(text, "## Report a weakness").strip()
    assert section(text, "## What is not protected").count("\n- ") >= 5

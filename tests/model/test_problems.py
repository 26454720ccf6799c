import re

from importer.model.problem import KINDS, Problem, shown
from tests.problem_words import hint_of, message_of


def test_every_code_is_kebab_case_and_explained() -> None:
    for code, kind in KINDS.items():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)
        assert all((kind.title, kind.cause, kind.fix))


def test_a_message_names_column_value_and_rule() -> None:
    problem = Problem(row=4, code="integer-invalid", detail="is not a whole number", column="Score", value="1.5")
    assert message_of(problem) == "Score: “1.5” is not a whole number"
    assert hint_of(problem) == KINDS["integer-invalid"].fix


def test_a_fix_of_its_own_replaces_the_usual_one() -> None:
    assert hint_of(Problem(row=4, code="integer-invalid", detail="x", fix="Do that.")) == "Do that."


def test_a_value_is_shown_on_one_line_and_shortened() -> None:
    assert shown("a\n b") == "a b"
    assert shown("x" * 100) == "x" * 59 + "…"

"""People and code speak plain English: a short list of words that an earlier version used in a sense of its own."""

import ast
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.docs.pages import ROOT

EVERYWHERE: Final = (
    r"mend(?:s|ed|ing)?|told|cure[sd]?|whoever|lets? go of|la(?:y|ys|id|ying) out|blanks|doubtful|all the same|"
    r"once more|anew|colours?|(?:organi|normali|recogni)s(?:e|es|ed|ing|ation)"
)
BANNED: Final = re.compile(
    rf"\b(?:{EVERYWHERE}|needs? a person|needs? you|goes on|believed?|permits?)\b", re.IGNORECASE
)
"""Say instead: fix, report, people who, release, materialize, spaces, needs attention, continue, anyway, again."""

ALLOWED: Final[dict[str, set[str]]] = {
    "importer/profiling/header_words.py": {"organisation"},  # the headers of people's own columns
}
"""Where a word is right. An entry that is no longer needed has to go."""

IN_CODE: Final = re.compile(
    rf"\b(?:{EVERYWHERE}|needy|realms?|maybe|(?:a|the) (?:person|people|user)'s word|becomes? of|befalls?)\b",
    re.IGNORECASE,
)
"""In names, comments and docstrings. Say instead: tenant, needs attention, possibly sent, again, retry."""

ALLOWED_IN_CODE: Final[dict[str, set[str]]] = {
    "importer/journal/run_lineage.py": {"mended"},
    "importer/journal/run_totals.py": {"mends"},
    "importer/model/run.py": {"mended", "mends"},
}
"""Old names that outlive us: keys of JSON and columns of the journal."""

CODE: Final = re.compile(r"`[^`]*`|\]\([^)]*\)")
SQL: Final = re.compile(r"\b(?:SELECT|UPDATE|DELETE|CREATE TABLE|AND r\.|WHERE)\b|^[ (]*(?:AND|OR|AS) ")


def texts() -> Iterator[tuple[str, str]]:
    for path in [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]:
        yield path.relative_to(ROOT).as_posix(), CODE.sub("", path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "importer").rglob("*.j2")):
        yield path.relative_to(ROOT).as_posix(), re.sub(r"{[{%].*?[%}]}|<[^>]*>", " ", path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "importer").rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), "\n".join(messages(path))


def messages(path: Path) -> Iterator[str]:
    """The string literals of several words, but for SQL and bare strings; and the help of the commands."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    passed_over = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):  # an f-string comes before its pieces
        text = ""
        if isinstance(node, ast.JoinedStr):
            pieces = [piece for piece in node.values if isinstance(piece, ast.Constant)]
            text = "{}".join(str(piece.value) for piece in pieces) + " "
            passed_over |= {*map(id, pieces)}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in passed_over:
            text = node.value.strip()
        elif isinstance(node, ast.FunctionDef) and any("command" in ast.unparse(each) for each in node.decorator_list):
            text = ast.get_docstring(node) or ""
        if " " in text and not SQL.search(text):
            yield text


def names_and_remarks(path: Path) -> Iterator[str]:
    """The words of every name, each comment and each docstring."""
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type == tokenize.NAME and token.string != "blanks":  # a number of blank cells
                yield re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", token.string)
            elif token.type == tokenize.COMMENT:
                yield token.string
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield " ".join(CODE.sub("", node.value.value).split())


def test_banned_words_stay_out_of_code() -> None:
    found = {
        path.relative_to(ROOT).as_posix(): {
            word.lower() for text in names_and_remarks(path) for word in IN_CODE.findall(text)
        }
        for path in sorted((ROOT / "importer").rglob("*.py"))
    }
    assert {name: words for name, words in found.items() if words} == ALLOWED_IN_CODE


def test_banned_words_stay_out_of_messages_and_pages() -> None:
    found = {name: {word.lower() for word in BANNED.findall(text)} for name, text in texts()}
    assert {name: words for name, words in found.items() if words} == ALLOWED


def test_a_banned_word_in_a_message_is_found(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text('"""Mended."""\nSQL = "SELECT cure FROM told"\nTIP = f"Mend {SQL} and try once more."\n')
    assert [BANNED.findall(text) for text in messages(module)] == [["Mend", "once more"]]


def test_a_banned_word_in_code_is_found(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text('"""Lays\nout `told`."""\nSQL = "SELECT cure"\nlaid_out = MaybeSent  # whoever asks\n')
    found = [word for text in names_and_remarks(module) for word in IN_CODE.findall(text)]
    assert sorted(found) == ["Lays out", "Maybe", "laid out", "whoever"]

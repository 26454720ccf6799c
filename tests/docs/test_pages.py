"""Links lead somewhere, pages end well, and nothing on them belongs to one machine."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, pages

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FOREIGN = re.compile(
    r"(?<![\w.])/(?:work|root|home|tmp|Users|opt)/|C:\\|localhost:\d|--(?:extra-)?index-url|trusted-host|/simple\b"
)
"""Paths of one machine, and where packages come from."""

PAGES = pytest.mark.parametrize("path", pages(), ids=lambda path: str(path.relative_to(ROOT)))


def _without_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def _anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as they are made on the usual forges."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_pages_that_are_promised_are_there() -> None:
    found = {str(path.relative_to(ROOT)) for path in pages()}
    docs = (
        "command-line",
        "dry-run",
        "exit-codes",
        "first-import",
        "mapping",
        "migration-playbook",
        "privacy",
        "problem-codes",
        "reliability",
        "reports",
        "sandbox",
        "settings",
        "statuses",
        "troubleshooting",
        "weekly-lists",
    )
    assert {
        "README.md",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "reports/README.md",
        *(f"docs/{n}.md" for n in docs),
    } <= found


@PAGES
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    for link in _LINK.findall(_without_code(path.read_text(encoding="utf-8"))):
        if "://" in link:
            continue
        target, _, anchor = link.partition("#")
        place = (path.parent / target).resolve() if target else path
        assert place.exists(), link
        if anchor:
            assert anchor in _anchors(place), link


@PAGES
def test_nothing_belongs_to_one_machine(path: Path) -> None:
    assert _FOREIGN.findall(path.read_text(encoding="utf-8")) == []


def test_every_page_of_docs_is_reached_from_the_readme() -> None:
    reached, todo = set(), [ROOT / "README.md"]
    while todo:
        path = todo.pop()
        if path not in reached and path.suffix == ".md":
            reached.add(path)
            links = (
                link.partition("#")[0] for link in _LINK.findall(path.read_text(encoding="utf-8")) if "://" not in link
            )
            todo += [place for link in links if link and (place := (path.parent / link).resolve()).is_file()]
    assert {path for path in pages() if ROOT / "docs" in path.parents} <= reached


def test_the_files_that_the_architecture_names_exist() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    for name in re.findall(r"`((?:\w+/)+\w*\.?\w*)`", text):
        assert (ROOT / name).exists() or (ROOT / "importer" / name).exists(), name

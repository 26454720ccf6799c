"""The project's Markdown pages, and what their tests look for in them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
_LEFT_OUT: Final = {".venv", ".git", "node_modules", "dist", "build"}


def pages() -> list[Path]:
    """Every page that belongs to the project; reports and other people's packages do not."""
    found = [
        path
        for path in ROOT.rglob("*.md")
        if not _LEFT_OUT & set(path.relative_to(ROOT).parts) and not any(part.startswith(".") for part in path.parts)
    ]
    return sorted(path for path in found if path.parent != ROOT / "reports" or path.name == "README.md")


def page(name: str) -> str:
    """The text of a page, by its path from the root."""
    return (ROOT / name).read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """What stands below a heading, up to the next one of the same or a higher level."""
    marks = heading.split()[0]
    after = text.split(f"\n{heading}\n", 1)[1]
    return re.split(rf"^#{{1,{len(marks)}}} ", after, maxsplit=1, flags=re.MULTILINE)[0]


def table(text: str) -> list[list[str]]:
    """The cells of the first table in a text, without its header."""
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith("|"):
            lines.append(line)
        elif lines:
            break
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def names(cell: str) -> list[str]:
    """Everything in backquotes."""
    return re.findall(r"`([^`]+)`", cell)


def fenced(text: str) -> Iterator[str]:
    """Every fenced block."""
    for _, block in re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield block

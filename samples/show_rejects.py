"""Shows the first rows of a rejects.csv as a person reads them: `python show_rejects.py REJECTS.CSV [COUNT]`."""

import csv
import sys
import textwrap
from pathlib import Path

WIDTH = 100
SHOWN = 10


def main(path: Path, count: int) -> int:
    """Print row, problems, message and cure of the first so many rows."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rejects = list(csv.DictReader(file))
    for reject in rejects[:count]:
        problems = reject["_importer_problems"] or reject["_importer_status"]
        print(f"  row {reject['_importer_row']:<5} {printable(problems)}")
        print(textwrap.fill(printable(reject["_importer_message"]), WIDTH, **margins("")))
        print(textwrap.fill(printable(reject["_importer_hint"]), WIDTH, **margins("→ ")))
    if len(rejects) > count:
        print(f"  … and {len(rejects) - count} more")
    return 0


def printable(text: str) -> str:
    """The text without anything that a terminal would obey."""
    return "".join(character if character.isprintable() else " " for character in text)


def margins(sign: str) -> dict[str, str]:
    """How a paragraph below a row is set in."""
    return {"initial_indent": " " * 12 + sign, "subsequent_indent": " " * (12 + len(sign))}


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else SHOWN))

"""`importer init`: a first mapping for a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from importer.cli.messages import look_line
from importer.cli.options import COMMON, FORMAT
from importer.model.visible import file_word, visible

if TYPE_CHECKING:
    from importer.cli.session import Session
    from importer.runs.suggestion import Suggested

_NAME_WIDTH: Final = 28
_BECOMES_WIDTH: Final = 24
_SAMPLES_WIDTH: Final = 60
_COLUMNS_SHOWN: Final = 100


@click.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="MAPPING",
    help="The file to write. [FILE.mapping.yaml, here]",
)
@click.option("--force", is_flag=True, help="Overwrite the mapping if it exists.")
@FORMAT
@COMMON
def init(**options: Any) -> int:
    """Read FILE, show its columns, and write a first mapping for it, with comments where you should check it.

    \b
    importer init leads.xlsx
    importer init export.csv -o mappings/weekly.yaml --encoding cp1252
    """
    from importer.cli.session import read_options, session
    from importer.runs.suggestion import mapping_file_of, write_mapping

    here = session({**options, "rate": None})
    file: Path = options["file"]
    target: Path = options["output"] or mapping_file_of(file)
    suggested = here.service().suggest(file, read_options(options), target)
    write_mapping(suggested.suggestion.text, target, force=options["force"])
    _show(here, suggested, file, target)
    return 0


def _show(here: Session, suggested: Suggested, file: Path, target: Path) -> None:
    if here.as_json:
        here.console.document(_document(suggested, target))
        return
    for line in [*_what_was_read(suggested), "", *_columns(suggested), ""]:
        here.console.say(line)
    for look in suggested.suggestion.looks:
        here.console.say(look_line(look))
    step = f"importer check {file_word(file)} -m {file_word(target)}"
    here.console.result(f"Written: {target}\nReview it, then run:  {step}")


def _what_was_read(suggested: Suggested) -> list[str]:
    info, suggestion = suggested.info, suggested.suggestion
    how = ", ".join(
        part
        for part in (
            info.format,
            info.encoding,
            f"delimiter {info.delimiter!r}" if info.delimiter else "",
            f"sheet {info.sheet}" if info.sheet else "",
            f"header in row {info.header_row}",
            f"{'' if suggested.whole else 'the first '}{suggestion.rows:,} rows",
        )
        if part
    )
    lines = [_line(f"{info.path}: {how}"), *(f"  note: {_line(note)}" for note in info.notes)]
    if suggestion.export:
        lines.append(
            f"This is an export of {suggestion.export}; {suggestion.ready_mapping} shows the whole mapping of one."
        )
    return lines


def _columns(suggested: Suggested) -> list[str]:
    seen = suggested.suggestion.columns
    lines = [f"{'column':<{_NAME_WIDTH}}  {'becomes':<{_BECOMES_WIDTH}}  filled  values"]
    for column in seen[:_COLUMNS_SHOWN]:
        share = 100 * column.filled // max(suggested.suggestion.rows, 1)
        samples = _short(" | ".join(_short(sample, 30) for sample in column.samples), _SAMPLES_WIDTH)
        name, becomes = _short(column.name, _NAME_WIDTH), _short(column.becomes, _BECOMES_WIDTH)
        lines.append(f"{name:<{_NAME_WIDTH}}  {becomes:<{_BECOMES_WIDTH}}  {share:>4} %  {samples}".rstrip())
    if len(seen) > _COLUMNS_SHOWN:
        lines.append(f"… and {len(seen) - _COLUMNS_SHOWN:,} more columns")
    return lines


def _line(text: str) -> str:
    return visible(" ".join(text.split()))


def _short(text: str, width: int) -> str:
    line = _line(text[: 4 * width])
    return line if len(line) <= width else line[: width - 1] + "…"


def _document(suggested: Suggested, target: Path) -> dict[str, Any]:
    suggestion, info = suggested.suggestion, suggested.info
    return {
        "state": "finished",
        "exit_code": 0,
        "mapping": str(target),
        "export": suggestion.export,
        "source": {
            "path": info.path,
            "sha256": info.sha256,
            "format": info.format,
            "encoding": info.encoding,
            "delimiter": info.delimiter,
            "sheet": info.sheet,
            "header_row": info.header_row,
            "rows": suggestion.rows,
            "whole": suggested.whole,
        },
        "columns": [
            {"name": column.name, "filled": column.filled, "samples": list(column.samples), "becomes": column.becomes}
            for column in suggestion.columns
        ],
        "looks": [{"line": look.line, "must": look.must, "text": look.text} for look in suggestion.looks],
    }

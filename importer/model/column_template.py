"""A text with the cells of columns in it: `{First} {Last}`."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator

_PIECE: Final = re.compile(r"(\{\{|\}\})|\{([^{}]+)\}|([^{}]+)|([{}])")


def template_pieces(template: str) -> list[tuple[str, bool]]:
    """The pieces of a template, in order: a text, and whether it is the name of a column."""
    pieces = []
    for brace, column, text, stray in _PIECE.findall(template):
        if stray:
            raise ValueError(f"“{template}” has a {stray} without its partner; write {stray * 2} for the brace itself")
        pieces.append((column, True) if column else (brace[:1] or text, False))
    return pieces


def _template(template: str) -> str:
    if not any(is_column for _, is_column in template_pieces(template)):
        raise ValueError(
            f"“{template}” names no column in braces, such as {{Name}}; for the same text in every row use value"
        )
    return template


Template = Annotated[str, AfterValidator(_template)]
"""A template that names a column."""

"""New values for old ones, from a file beside the mapping: what the mapping says of it, and what it holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from importer.model.strict_model import Strict

_Text = Annotated[str, StringConstraints(min_length=1)]


def _beside(file: str) -> str:
    # A mapping that somebody else wrote must not read files from everywhere.
    if PureWindowsPath(file).anchor or PurePosixPath(file).anchor or ".." in PureWindowsPath(file).parts:
        raise ValueError(
            f"“{file}” must be in the folder of the mapping or below it: copy it there, and write its name"
        )
    return file


class Lookup(Strict):
    """A table of old and new values in a file beside the mapping."""

    file: Annotated[_Text, AfterValidator(_beside)]
    """A CSV file or workbook, relative to the mapping, in its folder or below."""
    key: _Text
    """The column of the old values."""
    value: _Text
    """The column of the new values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupTable:
    """What the file holds: the new value of each old one, and the path and SHA-256 of the file."""

    path: str
    sha256: str
    values: Mapping[str, str]

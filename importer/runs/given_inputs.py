"""Sources and mappings as programs have them: paths, open files and tables; YAML text, dictionaries and `Mapping`s."""

import io
import os
import shutil
from collections.abc import Iterable
from collections.abc import Mapping as Dictionary
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol, TypeAlias

import pandas as pd
import pyarrow as pa
import yaml

from importer.errors import MappingError, Mistake, SourceError
from importer.mapping import LoadedMapping, load_mapping, parse_mapping
from importer.model.mapping import Mapping
from importer.private import open_private
from importer.reading.given_file import GivenFile
from importer.reading.text_table import write_text_table

_GIVEN: Final = "(given by the program)"


class ArrowTable(Protocol):
    """A table with Arrow's C interface: one of pyarrow, polars, DuckDB, and others."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


Source: TypeAlias = str | os.PathLike[str] | BinaryIO | pd.DataFrame | ArrowTable
"""A path, a file that is open in binary mode, or a table."""


def given_files(source: Source | Iterable[Source], folder: Path) -> list[GivenFile]:
    """The files of one source or several; open files and tables become files in the (private) folder.

    Those are named in brackets, as no file is: what a later `resume` finds under the name would be another one.
    """
    several = list(source) if isinstance(source, (list, tuple)) else [source]
    if not several:
        raise SourceError("no source is given", tip="Give a path, an open file or a table.")
    return [_file(each, folder, number) for number, each in enumerate(several, start=1)]


def _file(source: Any, folder: Path, number: int) -> GivenFile:
    if isinstance(source, (str, os.PathLike)):
        path = Path(os.fsdecode(source))
        return GivenFile(name=str(path), path=path)
    path = _copy(source, folder / str(number))
    return GivenFile(name=f"({path.name}{f' {number}' if number > 1 else ''})", path=path)


def _copy(source: Any, folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    if isinstance(source, io.TextIOBase):
        raise SourceError("the source is a file that is open as text", tip='Open it in binary mode: open(path, "rb").')
    if hasattr(source, "read"):
        return _copied(source, folder)
    path = folder / "table"
    os.close(open_private(path, os.O_CREAT | os.O_EXCL))
    if isinstance(source, (pd.DataFrame, pa.Table)):
        write_text_table(source, path)
    elif hasattr(source, "__arrow_c_stream__"):
        write_text_table(pa.table(source), path)
    else:
        raise SourceError(
            f"a {type(source).__name__} is no source", tip="Give a path, a file opened in binary mode, or a table."
        )
    return path


def _copied(stream: BinaryIO, folder: Path) -> Path:
    """What is left to be read of the stream, under the name of its file."""
    name = getattr(stream, "name", "")
    path = folder / ((Path(name).name if isinstance(name, str) else "") or "file")
    with os.fdopen(open_private(path, os.O_CREAT | os.O_EXCL), "wb") as file:
        shutil.copyfileobj(stream, file)
    return path


def given_mapping(mapping: str | os.PathLike[str] | Mapping | Dictionary[str, Any]) -> LoadedMapping:
    """The mapping of a file, or of a text with line breaks, a dictionary or a `Mapping`. Raises `MappingError`."""
    if isinstance(mapping, Mapping):
        mapping = mapping.model_dump(mode="json", exclude_unset=True, by_alias=True, warnings=False)
    if isinstance(mapping, Dictionary):
        mapping = _as_yaml(mapping)
    elif not isinstance(mapping, str) or "\n" not in mapping:
        return load_mapping(Path(mapping))
    return parse_mapping(mapping, _GIVEN)


class _Dumper(yaml.SafeDumper):
    """Writes a part that is used twice, twice: a mapping must have no anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _as_yaml(mapping: Dictionary[str, Any]) -> str:
    try:
        return yaml.dump(dict(mapping), Dumper=_Dumper, sort_keys=False, allow_unicode=True) + "\n"
    except yaml.YAMLError as error:
        wrong = Mistake(line=0, key="", message=f"only text, numbers, lists and dictionaries are understood: {error}")
        raise MappingError(_GIVEN, (wrong,), tip="Make other values text.") from None

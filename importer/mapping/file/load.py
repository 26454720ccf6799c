"""The mapping file, read: either a mapping, or every mistake in it with its line."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import phonenumbers
from pydantic import ValidationError

from importer.errors import MappingError, Mistake
from importer.mapping.file.mistakes import mistakes_of
from importer.mapping.file.yaml_document import Document, Unreadable, read_document
from importer.mapping.values.date_formats import format_mistake
from importer.mapping.values.phone_regions import region_code
from importer.mapping.values.transforms import TRANSFORMS
from importer.model.mapping import Mapping, parse
from importer.model.visible import file_word
from importer.model.vocabulary import Known

if TYPE_CHECKING:
    from importer.model.lookup import Lookup, LookupTable
    from importer.model.visible import KeyPath

MAX_BYTES: Final = 256 * 1024
"""The largest mapping file that is read."""

_TIP: Final = "Fix the mapping and try again; docs/mapping.md explains every key."
_KNOWN: Final = Known(
    transforms=frozenset(TRANSFORMS),
    regions=frozenset(phonenumbers.SUPPORTED_REGIONS),
    region_code=lambda name: region_code(name) or "",
    format_mistake=format_mistake,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedMapping:
    """A mapping with the file it came from.

    `sha256` is that of the file's bytes. `lines` holds the line of each key by its path, such as
    `("events", 0, "when", "column")`. `lookups` are the tables that it looks values up in, once they are read.
    """

    mapping: Mapping
    path: str
    sha256: str
    text: str
    lines: dict[KeyPath, int]
    lookups: dict[Lookup, LookupTable] = field(default_factory=dict)

    def line(self, path: KeyPath) -> int:
        """The line where this place of the mapping is written, or the nearest around it."""
        while path not in self.lines:
            path = path[:-1]
        return self.lines[path]


def load_mapping(path: Path) -> LoadedMapping:
    """Read a mapping file; raises `MappingError` with every mistake."""
    content = _content(path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        read_as = "it is UTF-16: " if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ""
        mistake = Mistake(line=line, key="", message=f"this is not UTF-8; {read_as}save the file as UTF-8")
        raise _error(str(path), [mistake]) from None
    return _loaded(text, str(path), content)


def parse_mapping(text: str, path: str) -> LoadedMapping:
    """Read a mapping that is in memory already; `path` is what messages call it. Raises `MappingError`."""
    return _loaded(text, path, text.encode(errors="surrogatepass"))


def with_line(loaded: LoadedMapping, place: KeyPath, line: str) -> LoadedMapping:
    """The mapping with a line of YAML in place of what it holds there now; raises `MappingError`.

    It keeps the text and the lines of the mapping it was made from.
    """
    document = read_document(loaded.text)
    at: Any = document.content
    for key in place[:-1]:
        below = at[int(key)] if isinstance(at, list) else at.get(key)
        if not isinstance(below, dict | list):
            # A section that is left out or blank begins here, and a bare column becomes a rule.
            below = at[key] = {"column": below} if below else {}
        at = below
    at[place[-1]] = read_document(line).content[place[-1]]
    return replace(loaded, mapping=_mapping(document, loaded.path))


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        create = f"Create one: importer init FILE -o {file_word(path)}"
        raise MappingError(str(path), (), message=f"mapping file {path} not found", tip=create) from None
    except OSError as error:
        raise _error(str(path), [Mistake(line=0, key="", message=f"cannot be read: {error.strerror}")]) from None
    if len(content) > MAX_BYTES:
        message = f"is larger than {MAX_BYTES // 1024} KiB; is it a mapping?"
        raise _error(str(path), [Mistake(line=0, key="", message=message)])
    return content


def _loaded(text: str, path: str, content: bytes) -> LoadedMapping:
    try:
        document = read_document(text)
    except Unreadable as unreadable:
        raise _error(path, [unreadable.mistake]) from None
    mapping = _mapping(document, path)
    sha256 = hashlib.sha256(content).hexdigest()
    return LoadedMapping(mapping=mapping, path=path, sha256=sha256, text=text, lines=document.lines)


def _mapping(document: Document, path: str) -> Mapping:
    mistakes = list(document.mistakes)
    if not isinstance(document.content, dict):
        message = "a mapping starts with keys, such as version: 1"
        raise _error(path, [*mistakes, Mistake(line=document.lines[()], key="", message=message)])
    try:
        mapping = parse(document.content, _KNOWN)
    except ValidationError as error:
        mistakes += mistakes_of(error.errors(include_url=False), document)
    else:
        if not mistakes:
            return mapping
    raise _error(path, mistakes)


def _error(path: str, mistakes: list[Mistake]) -> MappingError:
    return MappingError(path, tuple(sorted(mistakes, key=lambda mistake: mistake.line)), tip=_TIP)

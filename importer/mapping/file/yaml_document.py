"""YAML as plain texts, lists and dicts, with the line of every key.

The part of YAML that surprises people is left out: every scalar stays the text that was written (`NO` is no boolean,
`010` no octal), and aliases, anchors, tags and repeated keys are mistakes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from importer.errors import Mistake
from importer.model.visible import KeyPath, shown_path

MAX_DEPTH: Final = 20
"""How deep lists and mappings may nest."""

_QUOTES: Final = "; a text that holds any of : # { } [ ] , & * ! | > % @ ` needs quotes around it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a YAML file holds: `content` of dicts, lists and texts, and the line of each key and list element.

    Keys of `lines` are paths such as `("events", 0, "event")`; the path of the whole document is `()`. `mistakes`
    are about YAML that is readable but not accepted; `broken` are the paths whose content they leave open.
    """

    content: Any
    lines: dict[KeyPath, int]
    mistakes: tuple[Mistake, ...] = ()
    broken: frozenset[KeyPath] = frozenset()


class Unreadable(Exception):
    """The text is not YAML, or nests too deep; the one mistake that ends reading."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.mistake = Mistake(line=line, key="", message=message)


def read_document(text: str) -> Document:
    """Read one YAML document; raises `Unreadable`."""
    try:
        node = yaml.compose(text, Loader=_TextLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unreadable(mark.line + 1 if mark else 0, _in_words(error)) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise Unreadable(line, f"the character U+{error.character:04X} is not allowed in YAML") from None
    if node is None:
        raise Unreadable(0, "the file is empty")
    return _Reader().document(node)


def _in_words(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "not valid YAML"
    if "'\\t'" in problem:
        return "YAML cannot be indented with tabs; use spaces"
    if "expected a single document" in problem or "expected a single document" in (error.context or ""):
        return "a second document begins here (---); a mapping is one document"
    context = f" {error.context}" if error.context else ""
    return f"this is not valid YAML: {problem}{context}{_QUOTES}"


class _TextLoader(yaml.BaseLoader):
    """Leaves every scalar as text; marks aliases, so that no text is expanded into a larger one."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: yaml.NodeEvent = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            self.get_event()  # type: ignore[no-untyped-call]
            return yaml.ScalarNode(_ALIAS, event.anchor, event.start_mark)  # type: ignore[arg-type]
        if self.depth == MAX_DEPTH:
            raise Unreadable(_line(event), f"nests deeper than {MAX_DEPTH} levels")
        anchored = event.anchor is not None
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        if anchored and node is not None:
            node.tag = _ANCHOR
        return node


_ALIAS: Final = "alias"
_ANCHOR: Final = "anchor"
_PLAIN_TAGS: Final = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))
_REFUSED: Final = {
    _ALIAS: "aliases (*name) are not used in mappings; write the text out",
    _ANCHOR: "anchors (&name) are not used in mappings; put the text in quotes if it begins with &",
}


@dataclass(slots=True)
class _Reader:
    """Turns YAML nodes into plain content, keeping lines and mistakes."""

    lines: dict[KeyPath, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    broken: set[KeyPath] = field(default_factory=set)

    def document(self, node: yaml.Node) -> Document:
        self.lines[()] = _line(node)
        content = self._content(node, ())
        return Document(content=content, lines=self.lines, mistakes=tuple(self.mistakes), broken=frozenset(self.broken))

    def _content(self, node: yaml.Node, path: KeyPath) -> Any:
        if node.tag not in _PLAIN_TAGS:
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")
            self._refuse(_line(node), path, _REFUSED.get(node.tag, f"tags ({tag}) are not used in mappings; remove it"))
        if isinstance(node, yaml.ScalarNode) and not _sendable(node.value):
            self._refuse(_line(node), path, "holds half a character (a lone surrogate)")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            self.lines |= {(*path, place): _line(element) for place, element in enumerate(node.value)}
            return [self._content(element, (*path, place)) for place, element in enumerate(node.value)]
        return node.value

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        content: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not _is_plain_key(key_node):
                self._refuse(_line(key_node), path, "a key must be a plain text; put it in quotes")
                continue
            key, below = key_node.value, (*path, key_node.value)
            if key in content:
                first = f"appears twice; first in line {self.lines[below]}"
                self.mistakes.append(Mistake(line=_line(key_node), key=shown_path(below), message=first))
                continue
            self.lines[below] = _line(key_node)
            content[key] = self._content(value_node, below)
        return content

    def _refuse(self, line: int, path: KeyPath, message: str) -> None:
        self.mistakes.append(Mistake(line=line, key=shown_path(path), message=message))
        self.broken.add(path)


def _is_plain_key(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag in _PLAIN_TAGS and _sendable(node.value)


def _sendable(text: str) -> bool:
    """YAML can write `"\\ud800"`, which no request can hold."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _line(marked: Any) -> int:
    return int(marked.start_mark.line) + 1

"""The credential of every test, and how to find it again wherever it has leaked to.

It is searched for in every file that a test leaves and in everything that is printed (`tests/conftest.py`), so a test
that needs a credential uses `CANARY`. The spellings are worked out here once more, not taken from the importer.
"""

import base64
import html
import json
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import quote, quote_plus

CANARY = 'canary-Key.7f3a91+/&"=%\\'
"""With every character that some format writes differently."""


def spellings(secret: str = CANARY) -> set[bytes]:
    """Raw, as in JSON, HTML, a repr, an address, hexadecimal, and base64 wherever in a longer text it begins."""
    texts = {
        secret,
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
        html.escape(secret),
        html.escape(secret, quote=False),
    }
    texts |= {quote(secret, safe=""), quote_plus(secret), quote(secret), secret.encode().hex()}
    for before in range(3):  # without the first and the last group, which depend on the neighbours, too
        inner = base64.b64encode(b"x" * before + secret.encode()).decode()[4:-4]
        texts |= {inner, inner.translate(str.maketrans("+/", "-_"))}
    texts |= {json.dumps(text)[1:-1] for text in texts}  # a message that quotes it, in a JSON document
    return {text.encode() for text in texts}


_SPELLINGS = sorted((spelling.lower() for spelling in spellings()), key=len, reverse=True)
"""Looked for one after the other: one pattern of all of them takes ten times as long, half a minute for 80 MiB."""


def found_in(content: bytes | str) -> str:
    """Where the canary stands in it, with some of the surroundings; the empty text when it does not."""
    content = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
    lowered = content.lower()
    for spelling in _SPELLINGS:
        if (start := lowered.find(spelling)) >= 0:
            return repr(content[max(0, start - 60) : start + len(spelling) + 60])
    return ""


def leaks(folder: Path) -> list[str]:
    """Every file below the folder that holds the canary, packed ones unpacked. A key file may: it is named `key…`."""
    return [
        f"{name}: {found}"
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and not path.name.startswith("key")
        for name, content in _contents(path)
        if (found := found_in(content))
    ]


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        content = path.read_bytes()
    except OSError:  # a pipe, or a file that a test has locked away
        return
    yield str(path), content
    if content.startswith(b"PK\x03\x04"):
        try:
            with zipfile.ZipFile(BytesIO(content)) as package:
                for name in package.namelist():
                    yield f"{path}!{name}", package.read(name)
        except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, ValueError):
            return  # one of the broken or hostile workbooks of the tests

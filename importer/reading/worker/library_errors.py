"""What the libraries raise about a file that is damaged or hostile."""

from __future__ import annotations

import struct
import zipfile
import zlib
from xml.parsers import expat

FROM_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    expat.ExpatError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    ValueError,
    struct.error,
)
"""About a zip package or an XML part; an encrypted one is a `RuntimeError` that says so."""

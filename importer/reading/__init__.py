"""Files to text frames: what a person sees when they open the file, and what was found on the way."""

from importer.reading.digests import sha256_of
from importer.reading.mended import is_mended
from importer.reading.opening import open_tables
from importer.reading.table import Table

__all__ = ["Table", "is_mended", "open_tables", "sha256_of"]

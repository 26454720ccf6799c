"""Files to text frames: what a person sees when they open the file, and what was found on the way."""

from importer.reading.opening import open_tables
from importer.reading.table import Table

__all__ = ["Table", "open_tables"]

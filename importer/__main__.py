"""`python -m importer` is `importer`."""

from importer.cli import entry

entry()

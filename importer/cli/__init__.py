"""The command line: one file per command, one console, one boundary where errors become text and exit codes.

Command modules import the stages only when they run, so that `importer --help` answers at once.
"""

from importer.cli.error_boundary import entry, main

__all__ = ["entry", "main"]

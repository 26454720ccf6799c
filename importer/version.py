"""The version, in a place of its own: the package itself hands out the Python API, which the rooms must not know."""

from typing import Final

__version__: Final = "0.1.0"

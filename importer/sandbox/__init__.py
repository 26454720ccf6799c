"""A local HTTP server with the Leads API, for first use, tests and rehearsals.

`importer.sandbox` is this package, and the function of the Python API as well: calling it makes a `Sandbox`.

It listens on this machine only, keeps everything in memory, and marks every answer as not being from the real API.
"""

import sys
from types import ModuleType
from typing import Any

from importer.sandbox.faults import Faults, load_faults
from importer.sandbox.server import Sandbox, running_at, serve_forever
from importer.sandbox.state import State

__all__ = ["Faults", "Sandbox", "State", "load_faults", "running_at", "serve_forever"]


class _CallablePackage(ModuleType):
    def __call__(self, **choices: Any) -> Sandbox:
        return Sandbox(**choices)


sys.modules[__name__].__class__ = _CallablePackage

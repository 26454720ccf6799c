"""A real local HTTP server that speaks the Leads API, for first use, tests and rehearsals.

It never leaves the machine, keeps everything in memory, and says on every answer that it is not the real API.
"""

from importer.sandbox.faults import Faults, load_faults
from importer.sandbox.server import Sandbox, serve_forever
from importer.sandbox.state import State

__all__ = ["Faults", "Sandbox", "State", "load_faults", "serve_forever"]

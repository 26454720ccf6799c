"""A local HTTP server with the Leads API, for first use, tests and rehearsals.

It listens on this machine only, keeps everything in memory, and marks every answer as not being from the real API.
"""

from importer.sandbox.faults import Faults, load_faults
from importer.sandbox.server import Sandbox, serve_forever
from importer.sandbox.state import State

__all__ = ["Faults", "Sandbox", "State", "load_faults", "serve_forever"]

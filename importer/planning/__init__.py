"""From valid rows to operations: exact bodies, idempotency keys, and who gets the lead."""

from importer.planning.bodies import distinct_id
from importer.planning.planner import Planner

__all__ = ["Planner", "distinct_id"]

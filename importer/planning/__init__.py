"""From valid rows to operations: exact bodies, keys that make a repetition harmless, and who gets the lead."""

from importer.planning.keys import distinct_id
from importer.planning.planner import Planner

__all__ = ["Planner", "distinct_id"]

"""frictionless: every row against a schema, with the id as primary key."""

import sys

from constraints import OPTIONAL, ORDER, REQUIRED
from frictionless import Checklist, Dialect, Resource, Schema, system

fields = []
for name in ORDER:
    constraints = {"required": True} if name in REQUIRED else {}
    if pattern := REQUIRED.get(name) or OPTIONAL.get(name):
        constraints["pattern"] = pattern
    fields.append({"name": name, "type": "string", "constraints": constraints})
schema = Schema.from_descriptor({"fields": fields, "primaryKey": ["Lead ID"]})
with system.use_context(trusted=True):
    resource = Resource(path=sys.argv[1], schema=schema, dialect=Dialect())
    report = resource.validate(Checklist(), limit_errors=10_000_000)
assert report.stats["errors"] > 0, report.stats

"""A lead field is one entry of `model/fields.py`: with one more entry the whole program knows the field."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

RUN = """
import contextlib, io, json
from pathlib import Path

from importer.model import fields

email = fields.LeadField(
    name="email", slug="email", title="e-mail address", about="where to write to", matches="email",
    required=True, max_length=40,
)
fields.LEAD_FIELDS += (email,)
fields.FIELDS_BY_NAME["email"] = email

from docs.make_docs import lead_fields, problems
from importer.cli import main
from importer.mapping.file.schema import mapping_schema
from importer.sandbox import Sandbox
from importer.sandbox.contract import Contract, InvalidBodyError
from importer.sandbox.endpoints import Endpoint

with Sandbox(rate=0, api_key="sandbox-key") as server, contextlib.redirect_stdout(io.StringIO()):
    key = Path("key")
    key.touch(mode=0o600)
    key.write_text("sandbox-key")
    code = main([
        "run", "list.csv", "-m", "m.yaml", "--base-url", server.base_url, "--org", "o1", "--api-key-file", "key",
        "--rate", "0", "--settle", "0", "--yes", "--no-canary", "--no-progress", "--reports-dir", "reports",
    ])
    leads = {lead["crm_id"]: lead["fields"] for lead in server.state.snapshot()["leads"]}

refusal = ""
try:
    Contract().read(Endpoint.CREATE, json.dumps({**leads["L-1"], "email": "nobody"}).encode())
except InvalidBodyError as error:
    refusal = str(error)
lead = mapping_schema()["$defs"]["LeadSpec"]
print(json.dumps({
    "code": code, "leads": leads, "refusal": refusal, "required": lead["required"], "keys": list(lead["properties"]),
    "docs": lead_fields(), "codes": problems(),
}))
"""

MAPPING = """\
version: 1
name: with-email
lead: {crm_id: ID, first_name: Name, phone_number: Phone, email: {column: Mail, transform: lower}}
"""
ROWS = [
    ("L-1", "Asha", "+919876500001", "Asha@x.example"),
    ("L-2", "Ravi", "+919876500002", "ravi at x.example"),
    ("L-3", "Mina", "+919876500003", ""),
    ("L-4", "Tara", "+919876500004", f"{'t' * 40}@x.example"),
]


def test_a_field_more_in_the_table_is_mapped_checked_sent_and_documented(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(MAPPING, encoding="utf-8")
    with (tmp_path / "list.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("ID", "Name", "Phone", "Mail"), *ROWS])
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SALESCHAT_")}
    environment |= {"PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(tmp_path / "state"), "HOME": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-c", RUN], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)

    assert told["leads"]["L-1"]["email"] == "asha@x.example"
    assert list(told["leads"]) == ["L-1"], "the others are never sent"
    (report,) = (tmp_path / "reports").glob("*/results.csv")
    with report.open(newline="", encoding="utf-8") as file:
        found = {row["crm_id"]: (row["status"], row["problems"]) for row in csv.DictReader(file)}
    assert found == {
        "L-1": ("created", ""),
        "L-2": ("invalid", "email-invalid"),
        "L-3": ("invalid", "email-missing"),
        "L-4": ("invalid", "email-too-long"),
    }
    assert told["code"] == 1
    assert "email" in told["refusal"], "the sandbox has the field in its own contract"
    assert "email" in told["required"]
    assert told["keys"][-2:] == ["email", "attributes"]
    assert "| `email` | Where to write to, at most 40 characters. Required. |" in told["docs"]
    assert "`email-missing`" in told["codes"]

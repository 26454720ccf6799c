"""Names inside stored values have changed; what older programs stored is read all the same."""

import json

from importer.journal.encoding import blob_of, table_of
from importer.journal.examinations import _symptom
from importer.model.examination import Symptom
from importer.model.problem import Problem
from importer.model.problems import Problems

OLD_NAMES = {"fix": "cure"}


def test_problems_whose_fix_was_called_cure() -> None:
    problems = (
        Problem(row=2, code="phone-invalid", detail="is too short", field="phone_number", fix="Add a digit."),
        Problem(row=3, code="crm-id-repeated", detail="same", warning=True),
    )
    table = Problems.of(problems).table
    old = table.rename_columns([OLD_NAMES.get(name, name) for name in table.column_names])
    assert "cure" in old.column_names
    assert tuple(Problems.of_table(table_of(bytes(blob_of(old))))) == problems
    assert tuple(Problems.of_table(table_of(bytes(blob_of(table))))) == problems


def test_symptoms_whose_fix_was_called_cure() -> None:
    old = {"code": "mojibake", "column": "Name", "count": 1, "rows": [2], "cure": "encoding: utf-8", "source": 0}
    expected = Symptom(code="mojibake", column="Name", count=1, rows=(2,), fix="encoding: utf-8")
    assert _symptom(json.loads(json.dumps(old))) == expected
    old["fix"] = old.pop("cure")
    assert _symptom(old) == expected

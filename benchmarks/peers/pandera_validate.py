"""pandera alone: read the file, validate the frame lazily."""

import sys

import pandas
import pandera.errors
import pandera.pandas as pa
from constraints import OPTIONAL, OTHERS, REQUIRED

columns = {name: pa.Column(str, pa.Check.str_matches(p), nullable=False) for name, p in REQUIRED.items()}
columns |= {name: pa.Column(str, pa.Check.str_matches(p), nullable=True) for name, p in OPTIONAL.items()}
columns |= {name: pa.Column(str, nullable=True) for name in OTHERS}
columns["Lead ID"].unique = True
frame = pandas.read_csv(sys.argv[1], dtype=str)
try:
    pa.DataFrameSchema(columns).validate(frame, lazy=True)
except pandera.errors.SchemaErrors as error:
    assert len(error.failure_cases) > 0
else:
    raise AssertionError("it found nothing")

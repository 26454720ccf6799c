"""Great Expectations on a pandas frame."""

import os
import sys

os.environ["GX_ANALYTICS_ENABLED"] = "false"
import great_expectations as gx
import great_expectations.expectations as gxe
import pandas
from constraints import OPTIONAL, REQUIRED

context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = {"globally": False}
source = context.data_sources.add_pandas("leads")
batch = source.add_dataframe_asset("leads").add_batch_definition_whole_dataframe("all")
suite = context.suites.add(gx.ExpectationSuite(name="leads"))
for name in REQUIRED:
    suite.add_expectation(gxe.ExpectColumnValuesToNotBeNull(column=name))
for name, pattern in (REQUIRED | OPTIONAL).items():
    suite.add_expectation(gxe.ExpectColumnValuesToMatchRegex(column=name, regex=pattern))
suite.add_expectation(gxe.ExpectColumnValuesToBeUnique(column="Lead ID"))
frame = pandas.read_csv(sys.argv[1], dtype=str)
result = batch.get_batch(batch_parameters={"dataframe": frame}).validate(suite)
assert not result.success

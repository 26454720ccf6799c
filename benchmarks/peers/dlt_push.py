"""A dlt pipeline with a custom destination that makes the same calls. URL FILE follow-ups FOLDER"""

import csv
import os
import sys

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
import dlt
import requests
from payloads import KEY, push

url, file, follow_ups, folder = sys.argv[1], sys.argv[2], sys.argv[3] == "1", sys.argv[4]
session = requests.Session()
session.headers.update(KEY)


@dlt.destination(name="crm", batch_size=100, naming_convention="direct", skip_dlt_columns_and_tables=True)
def crm(items, table):
    for row in items:
        push(session, f"{url}/v4/orgs/1/leads", row, follow_ups)


@dlt.resource(name="leads")
def leads():
    with open(file, encoding="utf-8", newline="") as rows:
        yield from csv.DictReader(rows)


pipeline = dlt.pipeline("bench", destination=crm, pipelines_dir=folder, dataset_name="leads")
pipeline.run(leads()).raise_on_failed_jobs()

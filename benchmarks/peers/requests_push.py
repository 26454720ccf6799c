"""The naive push: one requests.Session, row after row, no journal. URL FILE [follow-ups]"""

import csv
import sys

import requests
from payloads import KEY, push

url, file, follow_ups = sys.argv[1], sys.argv[2], sys.argv[3] == "1"
with requests.Session() as session, open(file, encoding="utf-8", newline="") as rows:
    session.headers.update(KEY)
    for row in csv.DictReader(rows):
        push(session, f"{url}/v4/orgs/1/leads", row, follow_ups)

"""A Singer target that makes the same calls; the messages come on stdin. URL follow-ups"""

import sys
from typing import ClassVar

import requests
from payloads import KEY, push
from singer_sdk import Target
from singer_sdk.sinks import RecordSink

URL, FOLLOW_UPS = sys.argv[1], sys.argv[2] == "1"


class LeadSink(RecordSink):
    """One record after the other, as the SDK's documentation shows it."""

    max_size = 1

    def __init__(self, *values, **named):
        super().__init__(*values, **named)
        self.session = requests.Session()
        self.session.headers.update(KEY)

    def process_record(self, record, context):
        push(self.session, f"{URL}/v4/orgs/1/leads", record, FOLLOW_UPS)


class LeadTarget(Target):
    """The target."""

    name = "target-leads"
    config_jsonschema: ClassVar = {"properties": {}}
    default_sink_class = LeadSink


LeadTarget.cli(args=[], standalone_mode=True)

"""A bill of materials from stdin to stdout, without links to where packages are published; names and versions do."""

import json
import sys
from typing import Any


def without_links(part: Any) -> Any:
    """The part without its external references, at any depth."""
    if isinstance(part, dict):
        return {key: without_links(below) for key, below in part.items() if key != "externalReferences"}
    if isinstance(part, list):
        return [without_links(below) for below in part]
    return part


if __name__ == "__main__":
    json.dump(without_links(json.load(sys.stdin)), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")

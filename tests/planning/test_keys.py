import os
import re
import subprocess
import sys

import pytest

from importer.planning import distinct_id

EVENT = {
    "origin": "https://api.x.example",
    "org": "org-1",
    "crm_id": "L-1",
    "event": "LEAD_IMPORTED",
    "key": "2026-W47",
}


def test_the_key_is_frozen() -> None:
    assert distinct_id(**EVENT) == "898b3e71-bb50-6b37-c891-0fa72fed7095"
    assert distinct_id(**{**EVENT, "crm_id": 'é"\\李', "key": ""}) == "4592a659-b2f4-61c4-49c6-327b1fb4bb0a"


@pytest.mark.parametrize("part", EVENT)
def test_every_part_makes_another_event(part: str) -> None:
    assert distinct_id(**{**EVENT, part: EVENT[part] + "x"}) != distinct_id(**EVENT)


def test_parts_do_not_run_together() -> None:
    assert distinct_id(**{**EVENT, "crm_id": "L-1", "event": "X"}) != distinct_id(**{**EVENT, "crm_id": 'L-1","X'})
    assert distinct_id(**{**EVENT, "event": "A", "key": ""}) != distinct_id(**{**EVENT, "event": "", "key": "A"})


def test_a_hundred_thousand_keys_differ_and_fit_the_contract() -> None:
    keys = {distinct_id(**{**EVENT, "crm_id": f"L-{number}"}) for number in range(100_000)}
    assert len(keys) == 100_000
    assert all(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", key) for key in keys)


@pytest.mark.slow
def test_another_process_makes_the_same_key() -> None:
    program = f"from importer.planning import distinct_id; print(distinct_id(**{EVENT!r}))"
    for seed in ("0", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, check=True, text=True
        )
        assert done.stdout.strip() == distinct_id(**EVENT)

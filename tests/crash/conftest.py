from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.long import Bench
from tests.crash.processes import Launcher, OracleProcess


@pytest.fixture(scope="session")
def launchers() -> Iterator[list[Launcher]]:
    with Launcher() as one, Launcher() as other:
        yield [one, other]


@pytest.fixture
def bench(tmp_path: Path, launchers: list[Launcher]) -> Iterator[Bench]:
    with OracleProcess(tmp_path) as oracle:
        yield Bench(tmp_path, oracle, launchers)

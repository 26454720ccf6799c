"""No test of this suite leaves the credential anywhere (tests/canary.py)."""

import signal
import subprocess
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from importer.crm import redaction
from tests.canary import found_in, leaks

# The same examples each time, however long they take: what fails here fails because of a change, not by chance.
# New examples are looked for by `make properties` and `make fuzz`.
settings.register_profile(
    "every time alike", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("every time alike")


@pytest.fixture(autouse=True)
def no_canary_in_files(request: pytest.FixtureRequest) -> Iterator[None]:
    """Search whatever the test has left: journals with their logs, reports, other logs, and what hooks were given."""
    folder: Path | None = request.getfixturevalue("tmp_path") if "tmp_path" in request.fixturenames else None
    yield
    assert folder is None or leaks(folder) == []


@pytest.fixture(autouse=True)
def no_secret_of_another_test() -> Iterator[None]:
    """A process remembers its secrets and hides them wherever they stand; here tests share a process."""
    yield
    redaction._remembered.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Search what the test has printed and logged."""
    report = yield
    found = [f"{name}: {leak}" for name, text in report.sections if (leak := found_in(text))]
    if found and report.passed:
        report.outcome = "failed"
        report.longrepr = "the credential was printed\n" + "\n".join(found)
    return report


@pytest.fixture(autouse=True, scope="session")
def no_keyring_of_ones_own() -> Iterator[None]:
    """Tests neither ask nor change the keyring of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
        yield


@pytest.fixture(autouse=True, scope="session")
def no_signal_is_ignored() -> Iterator[None]:
    """A shell that starts the suite in the background ignores SIGINT, `nohup` SIGHUP: every process inherits that."""
    heard = {signal.SIGINT: signal.default_int_handler}
    heard |= {
        getattr(signal, name): signal.SIG_DFL for name in ("SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)
    }
    before = {number: signal.signal(number, handler) for number, handler in heard.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"needs the right to mount a tmpfs: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)

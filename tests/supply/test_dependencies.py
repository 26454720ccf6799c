"""What is installed is what was pinned, by hash, as wheels; it is listed with its licence, and may be used."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from docs import make_docs

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^([a-z0-9-]+)==([^ ]+)( ; [^\\]+)? \\$")
ALLOWED = {"MIT", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "Apache-2.0", "PSF-2.0", "Python-2.0", "MPL-2.0", "Zlib"} | {
    "CC0-1.0",
    "ISC",
    "BSD License",
}


def pins(name: str) -> dict[str, set[str]]:
    """Package to versions (one for each kind of Python or system)."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines():
        if match := PIN.match(line):
            found.setdefault(match[1], set()).add(match[2])
    return found


def only_elsewhere() -> set[str]:
    """Packages that are pinned for Windows alone."""
    text = (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z0-9-]+)==\S+ ; sys_platform == 'win32'", text, re.MULTILINE))


def components() -> dict[str, str]:
    listed = json.loads(make_docs.SBOM.read_text(encoding="utf-8"))["components"]
    return {re.sub(r"[-_.]+", "-", part["name"]).lower(): part["version"] for part in listed}


@pytest.mark.parametrize("name", ["run.txt", "dev.txt", "audit.txt"])
def test_every_requirement_is_pinned_to_hashes_and_names_no_index(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    packages = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert packages
    assert [line for line in packages if not PIN.match(line)] == []
    blocks = re.split(r"^(?=[a-z])", text, flags=re.MULTILINE)
    assert [block.split()[0] for block in blocks if "==" in block and "--hash=sha256:" not in block] == []
    assert not re.search(r"index-url|find-links|trusted-host|https?://|git\+", text)


def test_the_makefile_installs_by_hash_and_wheels_only() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "INSTALL := install --quiet --disable-pip-version-check --require-hashes --only-binary :all:\n" in text
    installs = re.findall(r"pip (?:--python \S+ )?(\S+.*)", text)
    plain = [line for line in installs if line.startswith("install")]
    # Our own checkout, and the tool that writes the pins, which never meets personal data.
    assert sorted(plain) == [
        "install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .",
        "install --quiet uv",
    ]
    assert sum(line.startswith("$(INSTALL)") for line in installs) == 5


AUDITED = ("run", "dev", "audit")
STAND_IN = """\
#!/bin/sh
echo "$*" >> asked
case "$*" in *"/$UNKNOWN.txt") ;; *) exit 0 ;; esac
for word in "$@"; do
    if [ "$word" = --strict ]; then exit 1; fi
done
"""
"""As pip-audit: without --strict it passes over every package that its database does not know, and exits with 0."""


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
@pytest.mark.parametrize("unknown", [*AUDITED, ""])
def test_an_audit_that_could_look_nothing_up_is_no_clean_audit(tmp_path: Path, unknown: str) -> None:
    """Whichever of the lists the package stands in: make itself is run, with a stand-in for pip-audit."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    tool = tmp_path / ".venv-audit" / "bin" / "pip-audit"
    tool.parent.mkdir(parents=True)
    tool.write_text(STAND_IN)
    tool.chmod(0o700)
    (tmp_path / ".venv-audit" / ".ready").touch()
    environment = {"PATH": os.environ["PATH"], "UNKNOWN": unknown}
    done = subprocess.run(["make", "audit"], cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert (done.returncode != 0) is bool(unknown), done.stderr
    asked = (tmp_path / "asked").read_text().splitlines()
    assert all("--require-hashes" in line for line in asked)
    if not unknown:
        assert [line.rpartition("/")[2] for line in asked] == [f"{name}.txt" for name in AUDITED]


def test_the_bill_of_materials_is_what_is_pinned() -> None:
    pinned, listed = pins("run.txt"), components()
    assert set(pinned) - set(listed) == only_elsewhere(), "run `make sbom docs`"
    assert set(listed) <= set(pinned)
    assert {name: version for name, version in listed.items() if version not in pinned[name]} == {}


def test_the_bill_of_materials_is_cyclonedx_and_tells_nothing_of_the_machine() -> None:
    text = make_docs.SBOM.read_text(encoding="utf-8")
    document = json.loads(text)
    assert document["bomFormat"] == "CycloneDX"
    assert all(part["purl"].startswith("pkg:pypi/") and part["licenses"] for part in document["components"])
    assert {"serialNumber", "timestamp"} & {*document, *document["metadata"]} == set()
    assert not re.search(r'"(?:file://)?/[a-z]+/', text)


def test_every_licence_is_known_and_allows_use() -> None:
    rows = re.findall(r"^\| (\S+) \| \S+ \| (.+) \|$", make_docs.licences(), re.MULTILINE)[1:]
    assert len(rows) == len(components()) - (0 if rows[0][0] != "---" else 1)
    strange = {name: words for name, words in rows if set(re.split(r" (?:AND|OR) ", words)) - ALLOWED}
    assert strange == {}


def test_what_the_tests_use_is_pinned_to_the_same_versions() -> None:
    run, dev = pins("run.txt"), pins("dev.txt")
    assert {name: versions for name, versions in run.items() if dev.get(name) != versions} == {}

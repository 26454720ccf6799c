"""T3: what a power loss may leave of the journal. Needs strace.

An importer runs under strace; every write to the journal, every fsync and every request that leaves is in the trace.
The replay then cuts the power before any of these calls: what was synced is there; what was written since is dropped,
kept, or kept at random. In every such state the journal must be whole, and must know every create whose bytes had left.
"""

import json
import random
import re
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path

from tests.crash.processes import ROOT, OracleProcess
from tests.crash.trial import Rough, Trial

MODES = ("dropped", "kept", "random", "random again")
_TRACED = "pwrite64,write,sendto,sendmsg,fsync,fdatasync,ftruncate,unlink,unlinkat"
_FOLDER = "."
"""What stands for the journal's folder: a file is gone for good once the folder is synced."""
_LINE = re.compile(r"^(\d+) +(?:(\w+)\((.*)|<\.\.\. (\w+) resumed>.*)$")
_FILE = re.compile(r"journal\.sqlite3(?:-wal|-journal)?(?=[>\"])")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_CREATE = re.compile(rb'"crm_id":"([^"]+)"')


@dataclass(frozen=True)
class Step:
    """One call of the trace: `write` at `offset`, `sync`, `cut` to `offset`, `remove`, or `left` for a request."""

    what: str
    file: str = ""
    offset: int = 0
    data: bytes = b""


@dataclass
class Disk:
    """What is certainly on the disk, and what may be."""

    synced: dict[str, bytearray] = field(default_factory=dict)
    pending: list[Step] = field(default_factory=list)

    def apply(self, step: Step) -> None:
        if step.what == "sync":
            gone = (
                {each.file for each in self.pending if each.what == "remove"} if step.file == _FOLDER else {step.file}
            )
            for each in self.pending:
                if each.file in gone:
                    _do(self.synced, each)
            self.pending = [each for each in self.pending if each.file not in gone]
        else:
            self.pending.append(step)

    def after(self, mode: str, dice: random.Random) -> dict[str, bytearray]:
        """The files after a power loss now."""
        files = {name: bytearray(content) for name, content in self.synced.items()}
        for step in self.pending:
            if mode == "kept" or (mode.startswith("random") and dice.random() < 0.5):
                _do(files, step)
        return files


def _do(files: dict[str, bytearray], step: Step) -> None:
    content = files.setdefault(step.file, bytearray())
    if step.what == "remove":
        files.pop(step.file)
    elif step.what == "cut":
        del content[step.offset :]
        content.extend(bytes(step.offset - len(content)))
    else:
        content.extend(bytes(max(0, step.offset - len(content))))
        content[step.offset : step.offset + len(step.data)] = step.data


def trace(oracle: OracleProcess, folder: Path, mutant: str = "") -> list[Step]:
    """One run of a small list under strace."""
    trial = Trial(1, Rough(size=36, fault_rate=0.0, mutant=mutant, known_share=0.1), oracle, None, folder)
    trial.prepare()
    command = ["strace", "-f", "-y", "-xx", "-s", "200000", "-e", f"trace={_TRACED}", "-o", str(folder / "trace.txt")]
    order = json.dumps(trial.order(trial.next_command()))
    launcher = [sys.executable, str(Path(__file__).with_name("launch.py")), "--once", order]
    subprocess.run([*command, *launcher], cwd=ROOT, check=False, timeout=300)
    assert trial.results(), "the traced run has no results"
    return list(_steps((folder / "trace.txt").read_text(errors="replace").splitlines()))


def _steps(lines: list[str]) -> Iterator[Step]:
    """The calls that matter. A write counts from its beginning, a sync from its end."""
    unfinished: dict[str, str] = {}
    for line in lines:
        found = _LINE.match(line)
        if found is None:
            continue
        pid, call, rest, resumed = found.groups()
        if resumed in ("fsync", "fdatasync") and pid in unfinished:
            yield Step("sync", unfinished.pop(pid))
        elif call is not None and (step := _step(call, rest)) is not None:
            if step.what == "sync" and rest.endswith("<unfinished ...>"):
                unfinished[pid] = step.file
            else:
                yield step


def _step(call: str, rest: str) -> Step | None:
    plain = _plain_paths(rest)
    text = _TEXT.search(rest.split(">, ", 1)[-1]) if call not in ("unlink", "unlinkat") else None
    data = bytes.fromhex(text.group(1).replace("\\x", "")) if text else b""
    if call in ("sendto", "sendmsg", "write") and (crm_id := _CREATE.search(data)):
        return Step("left", data=crm_id.group(1))
    file = _FILE.search(plain)
    if file is None:
        return Step("sync", _FOLDER) if call in ("fsync", "fdatasync") and "/reports>" in plain else None
    if call in ("fsync", "fdatasync"):
        return Step("sync", file.group())
    if call == "pwrite64":
        return Step("write", file.group(), _offset(rest), data)
    if call == "ftruncate":
        return Step("cut", file.group(), _offset(rest))
    if call in ("unlink", "unlinkat"):
        return Step("remove", file.group())
    return None


def _offset(rest: str) -> int:
    """The last argument."""
    found = re.search(r", (\d+)(?:\) += .*| <unfinished \.\.\.>)$", rest)
    assert found is not None, rest[-200:]
    return int(found.group(1))


def _plain_paths(rest: str) -> str:
    """With -xx strace writes paths in hex, too."""
    head = rest[:2000]
    return re.sub(
        r"((?:\\x[0-9a-f]{2})+)", lambda hit: bytes.fromhex(hit.group().replace("\\x", "")).decode("latin-1"), head
    )


@dataclass
class Replayed:
    """What many power losses amount to."""

    states: int = 0
    requests: int = 0
    broken: Counter[str] = field(default_factory=Counter)


def replay(steps: list[Step], folder: Path, states: int) -> Replayed:
    """Cut the power before every sync and before as many other steps as give that number of states, in every mode."""
    done, disk, left = Replayed(), Disk(), list[str]()
    dice = random.Random("power")
    others = [index for index, step in enumerate(steps) if step.what != "sync"]
    chosen = set(dice.sample(others, min(len(others), ceil(states / len(MODES)))))
    for index, step in enumerate(steps):
        if step.what == "sync" or index in chosen:
            for mode in MODES:
                done.states += 1
                done.broken.update(_wrong(disk.after(mode, dice), left, folder))
        if step.what == "left":
            left.append(step.data.decode())
        else:
            disk.apply(step)
    done.requests = len(left)
    return done


def _wrong(files: dict[str, bytearray], left: list[str], folder: Path) -> Iterator[str]:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    try:
        with closing(sqlite3.connect(folder / "journal.sqlite3")) as journal:
            if journal.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
                yield "the journal is damaged"
            if not left:
                return
            known = journal.execute(
                "SELECT r.crm_id FROM rows r JOIN operations o ON o.run = r.run AND o.source = r.source"
                " AND o.number = r.number WHERE o.kind = 'create' AND o.attempts > 0"
            )
            if set(left) - {crm_id for (crm_id,) in known}:
                yield "a request had left, and its intent is lost"
    except sqlite3.DatabaseError as error:
        yield f"the journal cannot be read: {error}" if not left else "a request had left, and its intent is lost"


@dataclass(frozen=True)
class Line:
    """One line of the report."""

    text: str
    is_good: bool


def report(oracle: OracleProcess, folder: Path, *, states: int) -> Iterator[Line]:
    """The journal as it is must lose nothing; with synchronous=NORMAL the same replay must find losses."""
    if shutil.which("strace") is None:
        yield Line("T3 power loss: not run, there is no strace", is_good=True)
        return
    for setting, mutant in (("FULL", ""), ("NORMAL", "synchronous-normal")):
        done = replay(trace(oracle, folder / f"power-{setting}", mutant), folder / "power-state", states)
        text = f"T3 power loss, {setting}: {done.states} states, {done.requests} creates, broken: {dict(done.broken)}"
        yield Line(text, is_good=bool(done.broken) == (setting == "NORMAL") and done.requests > 0)

"""Is the harness any good? It is if it catches every mutant within ten trials."""

from dataclasses import replace
from pathlib import Path

from tests.crash.mutants import MUTANTS
from tests.crash.processes import Launcher, OracleProcess
from tests.crash.scenarios import RACY
from tests.crash.trial import Rough, Verdict, trials

TRIALS = 10

ROUGH = Rough(give_up_after=15.0)


def is_caught(done: list[Verdict]) -> bool:
    """Whether a broken promise gave the mutant away; one that merely falls over proves nothing about the harness."""
    found = done[-1].violations
    return bool(found) and not found[0].startswith("I0: exit code")


def hunt(mutant: str, oracle: OracleProcess, launcher: Launcher, folder: Path) -> list[Verdict]:
    """The trials until the mutant is caught; those before it in which it merely fell over are tried again."""
    assert mutant in MUTANTS
    rough = replace(RACY, give_up_after=15.0) if mutant.endswith("racy-server") else ROUGH
    if mutant == "every-429-is-a-throttle":
        rough = replace(rough, kills=1, give_up_after=6.0)  # it waits for ever, so do not wait long for it
    done: list[Verdict] = []
    for seed in range(1, TRIALS + 1):
        done += trials([seed], replace(rough, mutant=mutant), oracle, launcher, folder)
        if is_caught(done):
            break
    return done

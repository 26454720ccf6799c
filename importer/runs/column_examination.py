"""The columns of a run: a column doctor for each source, and the comparison with the run before."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

from importer.journal.examinations import keep_examination, last_columns
from importer.journal.runs import Journal, StoredRun
from importer.mapping import LoadedMapping
from importer.model.batch import Target
from importer.model.examination import ColumnProfile, Examination
from importer.model.mapping import Mapping
from importer.model.problem import Problem
from importer.model.run import RunRequest
from importer.model.source import SourceInfo
from importer.profiling.columns.column_doctor import ColumnDoctor
from importer.profiling.drift import changed_names, changes
from importer.reading.opening import is_corrected_rejects

_NAMED: Final = 3


class Doctors:
    """The column doctors of a run's sources."""

    def __init__(self, mapping: Mapping) -> None:
        self._mapping = mapping
        self._doctors: list[ColumnDoctor] = []

    def next(self, targets: tuple[Target, ...], info: SourceInfo) -> ColumnDoctor:
        """The doctor of the next source."""
        self._doctors.append(ColumnDoctor(targets, info, self._mapping, source=len(self._doctors)))
        return self._doctors[-1]

    def note_settled(self, source: int, problem: Problem | None) -> None:
        """Count a problem that was found only at the end of the file."""
        if problem is not None:
            self._doctors[source].note_settled(problem)

    def examination(self) -> Examination:
        """What they found together; the columns of one name in several sources are one."""
        columns: dict[str, ColumnProfile] = {}
        for profile in (profile for doctor in self._doctors for profile in doctor.profiles):
            so_far = columns.get(profile.name, ColumnProfile(name=profile.name))
            columns[profile.name] = replace(
                profile,
                rows=so_far.rows + profile.rows,
                blanks=so_far.blanks + profile.blanks,
                problems=so_far.problems + profile.problems,
            )
        symptoms = tuple(symptom for doctor in self._doctors for symptom in doctor.symptoms())
        return Examination(columns=tuple(columns.values()), symptoms=symptoms)


def compare(journal: Journal, run: StoredRun, examination: Examination, *, mapping: str) -> Examination:
    """Compare with the last run of the mapping, and keep what was found; a `mapping` without name is not compared.

    The first rows of a file (`--limit`) are no sample of it, so no later file is compared with them.
    """
    before, columns = last_columns(journal.connection, run, mapping) if mapping else ("", ())
    is_part = run.request.limit is not None
    differ = changed_names if is_part else changes
    found = replace(
        examination,
        mapping="" if is_part else mapping,
        compared_with=before,
        changes=differ(columns, examination.columns) if before else (),
    )
    keep_examination(journal.connection, run, found)
    return found


def compared_name(request: RunRequest, loaded: LoadedMapping, files: Iterable[Path]) -> str:
    """The mapping's name, if other runs of it can be compared: a corrected rejects.csv is no sample of the weekly file,
    and a proposed mapping is another one for each file.
    """
    return "" if request.proposed or has_corrected_rejects(files) else loaded.mapping.name


def has_corrected_rejects(files: Iterable[Path]) -> bool:
    """Whether a file of the run is a rejects.csv of an earlier one."""
    return any(map(is_corrected_rejects, files))


def drift_reason(examination: Examination) -> str:
    """The first changes that stop a run, in one sentence."""
    sentences = [change.sentence for change in examination.stopping[:_NAMED]]
    rest = len(examination.stopping) - len(sentences)
    more = f"; and {rest} more" if rest else ""
    return f"the file differs from that of {examination.compared_with}: {'; '.join(sentences)}{more}"

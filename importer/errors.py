"""The exceptions that stop a run; what is wrong with one row is a `Problem`, never an exception.

ImporterError
├── ProblemsFound      rows need attention, and a program asked to be stopped  exit 1
├── SettingsError      a setting, option or credential is missing or wrong     exit 2
├── SourceError        a file cannot be read as a table                        exit 2
├── MappingError       the mapping file is wrong, with every mistake and line  exit 2
├── RunError           the asked-for run does not exist or cannot go on        exit 2
├── StoppedByCrm       credential, permission, organization, wrong endpoint    exit 3
├── Outage             the server cannot be reached or throttles for too long  exit 4
├── LocalDiskError     the disk or the journal refuses                         exit 5
├── ContractBroken     the API contradicted its own contract                   exit 6
└── RunInterrupted     somebody asked the run to stop before it was done       exit 130
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from importer.exit_codes import ExitCode


class ImporterError(Exception):
    """Something that stops the run, in plain words.

    `message` is one line: what happened, where, and which value; `tip` is what to do about it. In the Python API,
    `report` is the `importer.Report` of a run that had begun.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.DEFECT
    report: Any = None

    def __init__(self, message: str, *, tip: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.tip = tip


class ProblemsFound(ImporterError):
    """Rows need attention; only `Report.raise_for_problems` raises it."""

    exit_code = ExitCode.NEEDS_A_PERSON


class SettingsError(ImporterError):
    """A setting, an option or the credential is missing or wrong; nothing was sent."""

    exit_code = ExitCode.USAGE


class SourceError(ImporterError):
    """A file cannot be read as a table; nothing was sent."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One mistake in a mapping file: its line (from 1; 0 where none applies), the key it is about, and what to do."""

    line: int
    key: str
    message: str

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        return f"{where}{self.key + ': ' if self.key else ''}{self.message}"


class MappingError(ImporterError):
    """The mapping file is wrong; carries every mistake, in the order of the lines."""

    exit_code = ExitCode.USAGE

    def __init__(self, path: str, mistakes: tuple[Mistake, ...], *, tip: str = "", message: str = "") -> None:
        count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        super().__init__(message or "\n".join([f"{path}: {count}", *(f"  {each}" for each in mistakes)]), tip=tip)
        self.mistakes = mistakes


class RunError(ImporterError):
    """The run that was asked for does not exist, is finished, or cannot go on from here."""

    exit_code = ExitCode.USAGE


class StoppedByCrm(ImporterError):
    """The CRM refuses the credential, the organization or the endpoint; no row is to blame."""

    exit_code = ExitCode.STOPPED_BY_CRM


class Outage(ImporterError):
    """The server cannot be reached, or throttles for longer than a run should wait."""

    exit_code = ExitCode.OUTAGE


class LocalDiskError(ImporterError):
    """The disk is full or the journal or a report cannot be written."""

    exit_code = ExitCode.LOCAL_DISK


class ContractBroken(ImporterError):
    """The API contradicted its own contract: two leads for one crm_id, or an answer about another lead."""

    exit_code = ExitCode.CONTRACT_BROKEN


class RunInterrupted(ImporterError):
    """Somebody asked the run to stop before it was done; only `Report.raise_for_problems` raises it."""

    exit_code = ExitCode.INTERRUPTED

"""Which rows cannot be sent, and why: the checks of every cell, and the duplicates within the files of a run."""

from importer.validating.duplicates import InFileDuplicates, Settled
from importer.validating.validator import Validator

__all__ = ["InFileDuplicates", "Settled", "Validator"]

"""From columns to lead fields: the mapping file, and what it does to a frame."""

from importer.mapping.file.load import LoadedMapping, load_mapping, parse_mapping, with_line
from importer.mapping.file.references import columns_of
from importer.mapping.mapper import Mapper

__all__ = ["LoadedMapping", "Mapper", "columns_of", "load_mapping", "parse_mapping", "with_line"]

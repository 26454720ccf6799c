"""From columns to lead fields: the mapping file, and what it does to a frame."""

from importer.mapping.load import LoadedMapping, load_mapping, parse_mapping, with_line
from importer.mapping.mapper import Mapper
from importer.mapping.references import columns_of

__all__ = ["LoadedMapping", "Mapper", "columns_of", "load_mapping", "parse_mapping", "with_line"]

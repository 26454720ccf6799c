"""The types that flow between the rooms. Standard library, plus pydantic for the mapping file."""

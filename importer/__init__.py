"""Bulk import of leads from spreadsheets into Saleschat, with a report that accounts for every row."""

__version__ = "0.1.0"

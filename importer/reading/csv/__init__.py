"""Delimited text (CSV and its relatives): encodings, delimiters, quotes, and the records between them."""

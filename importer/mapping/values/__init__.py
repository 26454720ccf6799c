"""Texts of cells to the values of lead fields: phone numbers, dates, numbers, names."""

"""What a person would write to read a workbook."""

import sys

import pandas

frame = pandas.read_excel(sys.argv[1], engine="openpyxl", dtype=str)
assert len(frame) == int(sys.argv[2])

"""Floor: the sheet as Arrow columns of text."""

import sys

import fastexcel

table = fastexcel.read_excel(sys.argv[1]).load_sheet(0, dtypes="string").to_arrow()
assert table.num_rows == int(sys.argv[2])

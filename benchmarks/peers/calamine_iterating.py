"""Floor: every cell of the sheet, once."""

import sys

from python_calamine import CalamineWorkbook

rows = sum(1 for _ in CalamineWorkbook.from_path(sys.argv[1]).get_sheet_by_index(0).iter_rows())
assert rows == int(sys.argv[2]) + 1

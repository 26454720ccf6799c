"""Open XML workbooks (.xlsx, .xlsm): the package, its sheets, and what a person sees in their cells."""

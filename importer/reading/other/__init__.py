"""Legacy workbook formats: one file each."""

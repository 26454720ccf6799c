"""annotated.xlsx: the user's own workbook with its problems marked, or a plain one of the rows that need attention."""

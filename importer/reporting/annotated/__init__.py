"""annotated.xlsx: the user's own workbook with its problems marked."""

"""The mapping file: read, checked, and its mistakes reported by line."""

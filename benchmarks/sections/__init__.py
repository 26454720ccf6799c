"""What is measured, one file per part of results.md."""

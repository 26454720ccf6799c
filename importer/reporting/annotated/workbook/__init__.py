"""Workbooks written part by part: a copy of a package with some of its tags changed, and sheets of plain text.

What is not changed on purpose is copied byte for byte, and nothing is held whole but the small parts.
"""

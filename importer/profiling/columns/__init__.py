"""The column doctor: what an earlier program may have done to the columns, and the line of YAML that helps.

It looks at source texts, where a transform would silently read them all the same, and at the problems of the rows.
To teach it another sign, add a watcher beside the others.
"""

from importer.profiling.columns.column_doctor import ColumnDoctor

__all__ = ["ColumnDoctor"]

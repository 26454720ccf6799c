"""The column doctor: what an earlier program may have done to the columns, and the line of YAML that helps."""

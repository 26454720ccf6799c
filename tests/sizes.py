"""How many rows are compared where a fast way is held against a slow one; `make properties` compares 200,000."""

import os

MANY = int(os.environ.get("COMPARED_ROWS", "40000"))

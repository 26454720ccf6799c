"""How many rows are compared where a fast path is compared with a slow one; `make compare` takes 200,000."""

import os

MANY = int(os.environ.get("COMPARED_ROWS", "40000"))

"""How many examples a property gets: a few in every test run, 20,000 each with `make fuzz`."""

import os
from typing import Final

from hypothesis import HealthCheck, settings

CELLS_OF_A_COLUMN: Final = 20
"""Columns are converted whole: an example is a column, and each of its cells counts."""

_EXAMPLES: Final = int(os.environ.get("FUZZ_EXAMPLES", "20"))
_IS_REPEATABLE: Final = "FUZZ_SEED" in os.environ or "FUZZ_EXAMPLES" not in os.environ
"""Whether every run tries the same examples: with a seed, as atheris does, and in `make test`."""
_ANY_SPEED: Final = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]

settings.register_profile(
    "fuzz",
    max_examples=_EXAMPLES,
    deadline=60_000,
    derandomize=_IS_REPEATABLE,
    suppress_health_check=_ANY_SPEED,
    print_blob=True,
)
settings.register_profile("fuzz columns", settings.get_profile("fuzz"), max_examples=max(_EXAMPLES // 20, 5))

fuzzed = settings.get_profile("fuzz")
"""Decorates a property of this folder. An example that takes more than a minute fails."""
fuzzed_by_column = settings.get_profile("fuzz columns")
"""Decorates a property of whole columns."""

"""Makes the sample files again, the same bytes every time: `python samples/make_samples.py [FOLDER]`."""

import sys
from pathlib import Path

import exports
import migration
import weekly_webinar


def main(folder: Path) -> int:
    """Write every sample into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    weekly_webinar.write(folder / "weekly-webinar.xlsx")
    migration.write(folder / "migration.csv")
    exports.write(folder / "exports")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent))

"""importer.toml, where it is TOML but no settings."""

from pathlib import Path

import pytest

from importer.errors import SettingsError
from importer.runs.settings import load_settings


@pytest.mark.parametrize("profile", ["", "x"])
@pytest.mark.parametrize("text", ["profiles = 1", "profiles = {x = 3}", 'profiles = ["x"]'])
def test_profiles_that_are_no_tables_are_refused(tmp_path: Path, text: str, profile: str) -> None:
    (tmp_path / "importer.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"\[profiles.NAME\]"):
        load_settings({}, profile=profile, environment={}, folder=tmp_path)

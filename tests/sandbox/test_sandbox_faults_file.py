"""The faults file: every key of it, and every mistake in it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from importer.errors import SettingsError
from importer.sandbox import Faults, load_faults
from importer.sandbox.endpoints import Endpoint


@pytest.fixture
def load(tmp_path: Path) -> Callable[[str | bytes], Faults]:
    def load(text: str | bytes) -> Faults:
        path = tmp_path / "faults.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_faults(path)

    return load


def test_keys_are_read(load: Callable[[str | bytes], Faults]) -> None:
    faults = load(
        "seed: 3\nendpoints: [create, event]\nattempts: 2\ndrop_after: 0.1\nslow: 1\nslow_seconds: 2\n"
        "throttle_retry_after: null\nthrottle_body: empty\ngateway_status: [503]\n"
    )
    assert faults == Faults(
        seed=3,
        endpoints=(Endpoint.CREATE, Endpoint.EVENT),
        attempts=2,
        drop_after=0.1,
        slow=1.0,
        slow_seconds=2,
        throttle_retry_after=None,
        throttle_body="empty",
        gateway_status=(503,),
    )


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}"])
def test_an_empty_file_has_no_faults(load: Callable[[str | bytes], Faults], text: str) -> None:
    assert load(text) == Faults()


def test_every_mistake_is_named_with_its_key_and_the_file(
    load: Callable[[str | bytes], Faults], tmp_path: Path
) -> None:
    with pytest.raises(SettingsError) as caught:
        load("drop_afer: 0.1\nhang_after: 2\nslow: yes\nthrottle: '0.1'\nendpoints: [delete]\nthrottle_body: xml\n")
    lines = caught.value.message.splitlines()
    assert lines[0] == f"{tmp_path / 'faults.yaml'}: 6 mistakes"
    assert sorted(line.split(":")[0].strip() for line in lines[1:]) == [
        "drop_afer",
        "endpoints.0",
        "hang_after",
        "slow",
        "throttle",
        "throttle_body",
    ]
    assert "  drop_afer: no such key; did you mean drop_after?" in lines
    assert "not 2" in next(line for line in lines if "hang_after" in line)
    assert caught.value.tip


@pytest.mark.parametrize("key", ["endpoints", "gateway_status"])
def test_an_empty_choice(load: Callable[[str | bytes], Faults], key: str) -> None:
    with pytest.raises(SettingsError, match=f"{key}: needs at least one"):
        load(f"{key}: []\n")


def test_rates_add_up_to_one_at_most(load: Callable[[str | bytes], Faults]) -> None:
    assert load("drop_after: 0.3\nerror_after: 0.3\nthrottle: 0.4\n").throttle == 0.4
    with pytest.raises(SettingsError, match=r"1 mistake\n  the rates add up to 1.1"):
        load("drop_after: 0.6\nerror_after: 0.5\n")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- a\n", "needs keys"),
        ("a: [", "not valid YAML"),
        (b"\xff\xfe\xff", "not valid YAML"),
        ("!!python/none x", "not valid"),
    ],
)
def test_what_is_no_mapping(load: Callable[[str | bytes], Faults], text: str | bytes, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        load(text)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.yaml: cannot be read: No such file"):
        load_faults(tmp_path / "nowhere.yaml")


def test_the_docs_explain_every_key() -> None:
    text = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text(encoding="utf-8")
    missing = [key for key in Faults.model_fields if f"`{key}`" not in text]
    assert not missing


def test_the_example_of_the_docs_loads(load: Callable[[str | bytes], Faults]) -> None:
    text = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text(encoding="utf-8")
    example = text.split("```yaml\n")[1].split("```")[0]
    assert load(example) != Faults()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("seed: &a [1]\nendpoints: [*a, *a]\n", r"not valid YAML: aliases .* are not used here"),
        ("seed: " + "[" * 3_000, "nests too deep"),
        ("#" * (256 * 1024 + 1), "larger than 256 KiB"),
        ("seed: 2026-99-99", "not valid YAML"),
        ("!!python/object/apply:os.system [id]\n", "not valid YAML"),
    ],
)
def test_a_hostile_file_is_refused_soon(load: Callable[[str | bytes], Faults], text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        load(text)

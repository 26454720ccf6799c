import pytest

from importer.model.columns import column_key, find_column


@pytest.mark.parametrize(
    ("name", "columns", "found"),
    [
        ("Phone", ["Phone", "phone"], "Phone"),
        ("phone", ["Phone", "E-mail"], "Phone"),
        (" PHONE  number ", ["Phone Number"], "Phone Number"),
        ("phone", ["Phone", "PHONE"], None),
        ("Phone", ["Mobile"], None),
        ("Phone (2)", ["Phone", "Phone (2)"], "Phone (2)"),
        ("STRASSE", ["Straße"], "Straße"),
    ],
)
def test_a_column_is_found_exactly_or_else_if_only_one_is_meant(
    name: str, columns: list[str], found: str | None
) -> None:
    assert find_column(name, columns) == found


def test_a_key_ignores_case_and_blanks() -> None:
    assert column_key("  Opt  In\u00a0Date ") == column_key("opt in date")

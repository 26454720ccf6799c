import pytest

from importer.mapping.file.yaml_document import MAX_DEPTH, Unreadable, read_document
from importer.model.visible import shown_path


def mistakes_of(text: str) -> list[str]:
    return [str(mistake) for mistake in read_document(text).mistakes]


def test_lines_of_keys_and_list_elements_are_kept() -> None:
    document = read_document("a: 1\nb:\n  - x\n  - c: y\n    d:\n      z\n")
    assert document.content == {"a": "1", "b": ["x", {"c": "y", "d": "z"}]}
    assert document.lines == {
        (): 1,
        ("a",): 1,
        ("b",): 2,
        ("b", 0): 3,
        ("b", 1): 4,
        ("b", 1, "c"): 4,
        ("b", 1, "d"): 5,
    }


def test_aliases_and_anchors_are_refused_without_being_expanded() -> None:
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    found = mistakes_of(bomb)
    assert found[0] == "line 1: a: anchors (&name) are not used in mappings; put the text in quotes if it begins with &"
    assert found[-1] == "line 3: c[1]: aliases (*name) are not used in mappings; write the text out"
    assert len(found) == 6


@pytest.mark.parametrize("tag", ["!!int 3", "!!python/object/apply:os.system [x]", "!mine {a: b}", "!!binary aGk="])
def test_tags_are_refused_and_construct_nothing(tag: str) -> None:
    [found] = mistakes_of(f"a: {tag}\n")
    assert found.startswith(f"line 1: a: tags ({tag.split()[0]}) are not used in mappings")


def test_repeated_keys_are_refused_with_both_lines() -> None:
    assert mistakes_of("a: 1\nb:\n  c: 1\n  c: 2\na: 3\n") == [
        "line 4: b.c: appears twice; first in line 3",
        "line 5: a: appears twice; first in line 1",
    ]


def test_keys_that_are_no_texts_are_refused() -> None:
    for entry in ("? [a]\n: b\n", "!x a: b\n", "&a b: c\n", '"\\ud800": b\n'):
        assert mistakes_of(entry) == ["line 1: a key must be a plain text; put it in quotes"]


def test_half_characters_are_refused() -> None:
    assert mistakes_of('a: 1\nb: "x\\udc00"\n') == ["line 2: b: holds half a character (a lone surrogate)"]
    assert read_document('a: "\\U0001F600"').content == {"a": "\U0001f600"}


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ("", 0, "the file is empty"),
        ("# nothing\n", 0, "the file is empty"),
        ("a: b: c\n", 1, "mapping values are not allowed here; a text that holds any of"),
        ("a: 1\n\tb: 2\n", 2, "YAML cannot be indented with tabs"),
        ("a: 1\n---\nb: 2\n", 2, "a second document begins here"),
        ("a: 'x\n", 2, "while scanning a quoted scalar"),
        ("a: 1\nb: \x07\n", 2, "the character U+0007 is not allowed in YAML"),
        ("a: {First} {Last}\n", 1, "this is not valid YAML"),
    ],
)
def test_what_is_no_yaml_is_said_with_its_line(text: str, line: int, part: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_document(text)
    assert caught.value.mistake.line == line
    assert part in caught.value.mistake.message


def test_depth_is_limited() -> None:
    assert read_document("[" * MAX_DEPTH + "]" * MAX_DEPTH).content
    for depth in (MAX_DEPTH + 1, 100_000):
        with pytest.raises(Unreadable, match="deeper than 20"):
            read_document("[" * depth + "]" * depth)


def test_a_path_is_shown_as_people_read_it() -> None:
    assert shown_path(("events", 0, "when", "column")) == "events[0].when.column"

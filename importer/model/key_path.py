"""Places of a mapping file."""

KeyPath = tuple[str | int, ...]
"""The keys and list positions that lead to a place of the document."""


def shown_path(path: KeyPath) -> str:
    """A path as a person reads it: `events[0].when.column`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text

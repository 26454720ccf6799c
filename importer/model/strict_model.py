"""The base of every part of the mapping file: no unknown key is accepted, and every mistake is found at once."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

UNKNOWN_KEY = "unknown_key"
"""The type of the error about an unknown key; its context lists the known ones as `allowed`."""

MISUSE = "misuse"
"""The type of the error about keys that do not go together."""


class Misuse(NamedTuple):
    """A key that contradicts another one; `key` is empty when the whole part is meant, `below` is a key below it."""

    key: str
    message: str
    below: str = ""


class Strict(BaseModel):
    """A part of the mapping in which an unknown key is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    @classmethod
    def misuses(cls, _written: Mapping[str, Any]) -> Iterable[Misuse]:
        """Which keys, as they are written, contradict each other."""
        return ()

    @model_validator(mode="wrap")
    @classmethod
    def _every_mistake(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        # pydantic alone would report contradictions between keys only once every single key is right.
        found = [_misuse(misuse, value) for misuse in cls.misuses(value)] if isinstance(value, dict) else []
        try:
            part = handler(value)
        except ValidationError as error:
            found = [*(cls._known_keys_added(details) for details in error.errors(include_url=False)), *found]
        else:
            if not found:
                return part
        raise ValidationError.from_exception_data(cls.__name__, found)

    @classmethod
    def _known_keys_added(cls, details: ErrorDetails) -> InitErrorDetails:
        """The same error for the part around this one; that of an unknown key lists the known ones."""
        kind, context = details["type"], details.get("ctx")
        if kind == "extra_forbidden":
            kind, context = UNKNOWN_KEY, {"allowed": list(cls.model_fields)}
        return _details(kind, details["msg"], details["loc"], details["input"], context)


def _misuse(misuse: Misuse, value: Any) -> InitErrorDetails:
    return _details(MISUSE, misuse.message, tuple(filter(None, (misuse.key, misuse.below))), value)


def _details(
    kind: str, message: str, loc: tuple[int | str, ...], value: Any, context: dict[str, Any] | None = None
) -> InitErrorDetails:
    # The type and the template are variables here, where the signature asks for literals.
    error = PydanticCustomError(kind, message, context)  # type: ignore[arg-type, unused-ignore]
    return InitErrorDetails(type=error, loc=loc, input=value)

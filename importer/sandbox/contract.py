"""Reads a request's body by the contract."""

import json
from typing import Any, Literal

from pydantic import ValidationError
from pydantic_core import from_json

from importer.sandbox.endpoints import ENDPOINTS, Endpoint

AttributesAs = Literal["plain", "object"]
"""Whether attributes may hold any value, or (the letter of the contract) objects only."""


class InvalidBodyError(ValueError):
    """A body that the API answers with 422; lists every rule that it breaks."""


class Contract:
    """The models of all bodies."""

    def __init__(self, *, attributes: AttributesAs = "plain") -> None:
        kind = dict[str, Any] if attributes == "plain" else dict[str, dict[str, Any]]
        self._bodies = {endpoint: entry.body(kind) for endpoint, entry in ENDPOINTS.items()}

    def read(self, endpoint: Endpoint, body: bytes) -> dict[str, Any]:
        """The known fields that were sent; raises `InvalidBodyError`."""
        try:
            document = from_json(body)
            # Refuses NaN and Infinity (empty cells of a spreadsheet may become them), and 1e999, which is read as one.
            json.dumps(document, allow_nan=False)
        except ValueError as error:
            raise InvalidBodyError(f"not valid JSON: {error}") from None
        try:
            return self._bodies[endpoint].model_validate(document).model_dump(exclude_unset=True)
        except ValidationError as error:
            mistakes = [
                f"{'.'.join(str(part) for part in mistake['loc']) or 'body'}: {mistake['msg']}"
                for mistake in error.errors(include_url=False, include_input=False)
            ]
            raise InvalidBodyError("; ".join(mistakes)) from None

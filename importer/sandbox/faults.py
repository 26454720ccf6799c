"""Faults on purpose: which ones a server shows, how often, and which request meets which."""

import difflib
import hashlib
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from importer.errors import SettingsError
from importer.sandbox.endpoints import Endpoint

_MAX_BYTES: Final = 256 * 1024

Rate = Annotated[float, Field(strict=True, ge=0, le=1)]
Seconds = Annotated[float, Field(strict=True, ge=0)]
Count = Annotated[int, Field(strict=True, ge=0)]
Choice = TypeVar("Choice")


class Fault(StrEnum):
    """What can happen to a request instead of its answer. `before`: it has no effect; `after`: it has."""

    ERROR_BEFORE = "error_before"
    ERROR_AFTER = "error_after"
    DROP_BEFORE = "drop_before"
    DROP_AFTER = "drop_after"
    HANG_BEFORE = "hang_before"
    HANG_AFTER = "hang_after"
    GATEWAY_BEFORE = "gateway_before"
    GATEWAY_AFTER = "gateway_after"
    THROTTLE = "throttle"
    FALSE_OK = "false_ok"

    @property
    def has_effect(self) -> bool:
        """Whether the request is carried out anyway."""
        return self.endswith("_after")


def _not_empty(choice: tuple[Choice, ...]) -> tuple[Choice, ...]:
    if not choice:
        raise ValueError("needs at least one; leave the key out for all of them")
    return choice


class Faults(BaseModel):
    """How often each fault happens (rates from 0 to 1 that add up to at most 1), and what it looks like.

    `slow` is apart: it delays a request that may meet a fault as well. `attempts` spares a request that was sent more
    often than that, so that a client which retries succeeds. The keys are explained in docs/sandbox.md.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: Annotated[int, Field(strict=True)] = 0
    endpoints: Annotated[tuple[Endpoint, ...], AfterValidator(_not_empty)] = tuple(Endpoint)
    attempts: Annotated[int, Field(strict=True, ge=1)] | None = None

    error_before: Rate = 0
    error_after: Rate = 0
    error_status: Annotated[int, Field(strict=True, ge=400, le=599)] = 500
    drop_before: Rate = 0
    drop_after: Rate = 0
    hang_before: Rate = 0
    hang_after: Rate = 0
    hang_seconds: Seconds = 120
    gateway_before: Rate = 0
    gateway_after: Rate = 0
    gateway_status: Annotated[tuple[Literal[502, 503, 504], ...], AfterValidator(_not_empty)] = (502, 503, 504)
    throttle: Rate = 0
    throttle_retry_after: Count | None = 1
    throttle_body: Literal["json", "html", "empty"] = "json"
    false_ok: Rate = 0
    slow: Rate = 0
    slow_seconds: Seconds = 1
    slow_jitter: Seconds = 0

    @model_validator(mode="after")
    def _one_fault_each(self) -> Self:
        total = sum(self.rate(fault) for fault in Fault)
        if total > 1 + 1e-9:
            raise ValueError(
                f"the rates add up to {total:g}, but a request meets one fault at most: make them 1 or less"
            )
        return self

    def rate(self, fault: Fault) -> float:
        """How often this fault happens."""
        return float(getattr(self, fault.value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Roll:
    """What the dice say about one request: the fault it meets, the status for it, and seconds of delay."""

    fault: Fault | None = None
    status: int = 0
    delay: float = 0.0


SPARED: Final = Roll()


class Dice:
    """Decides which request meets which fault.

    The n-th attempt of the same request (endpoint, path and body) always meets the same fault under the same seed,
    whatever else is under way, so that a rehearsal can be repeated.
    """

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._rates = [(fault, faults.rate(fault)) for fault in Fault if faults.rate(fault)]
        self._attempts: Counter[bytes] = Counter()

    def roll(self, endpoint: Endpoint, path: bytes, body: bytes) -> Roll:
        """The fate of this request."""
        if endpoint not in self._faults.endpoints or not (self._rates or self._faults.slow):
            return SPARED
        request = hashlib.blake2b(b"\0".join((endpoint.encode(), path, body)), digest_size=16).digest()
        self._attempts[request] += 1
        attempt = self._attempts[request]
        if self._faults.attempts is not None and attempt > self._faults.attempts:
            return SPARED
        return self._fate(random.Random(b"%d %d %s" % (self._faults.seed, attempt, request)))

    def _fate(self, dice: random.Random) -> Roll:
        faults = self._faults
        fault = self._choose(dice.random())
        gateway = fault in (Fault.GATEWAY_BEFORE, Fault.GATEWAY_AFTER)
        status = dice.choice(faults.gateway_status) if gateway else faults.error_status
        slow = dice.random() < faults.slow
        delay = faults.slow_seconds + dice.random() * faults.slow_jitter if slow else 0.0
        return Roll(fault=fault, status=status, delay=delay)

    def _choose(self, point: float) -> Fault | None:
        for fault, rate in self._rates:
            if point < rate:
                return fault
            point -= rate
        return None


def load_faults(path: Path) -> Faults:
    """The faults of a YAML file; raises `SettingsError` with every mistake."""
    document = _document(path)
    try:
        return Faults.model_validate(document)
    except ValidationError as error:
        mistakes = [_mistake(detail) for detail in error.errors(include_url=False)]
    count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
    message = "\n".join([f"{path}: {count}", *(f"  {mistake}" for mistake in mistakes)])
    raise SettingsError(message, tip="Fix the faults file; docs/sandbox.md lists its keys.")


class _PlainLoader(yaml.SafeLoader):
    """YAML without aliases: with a few of them, a small file expands to millions of nodes."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not used here", mark)
        return super().compose_node(parent, index)


def _document(path: Path) -> Mapping[str, object]:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise SettingsError(f"{path}: is larger than {_MAX_BYTES // 1024} KiB", tip="Is it a faults file?")
        document = yaml.load(content.decode("utf-8"), Loader=_PlainLoader)  # noqa: S506 - a subclass of the safe one
    except RecursionError:
        raise SettingsError(f"{path}: nests too deep", tip="A faults file is a list of keys and values.") from None
    except OSError as error:
        raise SettingsError(
            f"{path}: cannot be read: {error.strerror}", tip="Check the path after --faults."
        ) from error
    except (yaml.YAMLError, ValueError) as error:  # such as a date that there is not
        where = " ".join(str(error).split())
        raise SettingsError(f"{path}: not valid YAML: {where}", tip="Correct the faults file.") from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise SettingsError(f"{path}: needs keys and values, such as `drop_after: 0.1`", tip="Correct the faults file.")
    return {str(key): value for key, value in document.items()}


def _mistake(detail: ErrorDetails) -> str:
    key = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        near = difflib.get_close_matches(key, Faults.model_fields, n=1)
        return f"{key}: no such key{f'; did you mean {near[0]}?' if near else ''}"
    message = detail["msg"].removeprefix("Value error, ")
    return f"{key}: {message}, not {detail['input']!r}" if key else message

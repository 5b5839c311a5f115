"""JSON as Powertools for AWS Lambda (Python) writes it: for keys, payload hashes and results that both must read.

Follows the behaviour of its version 3.37, and of every earlier 3.x for what those take. Standard library JSON, because
the hash of a key is that of its text: ``", "`` and ``": "`` between the parts, ASCII, sorted keys.

https://docs.powertools.aws.dev/lambda/python/latest/utilities/idempotency/
"""

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterable
from datetime import date, time
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any, cast
from uuid import UUID

from lambdaframe.errors import ConfigurationError


class PowertoolsCodec:
    """Results exactly as Powertools keeps them: ``@idempotent(…, codec=PowertoolsCodec())``.

    For functions whose results our own codec does not keep or read alike: Decimals (kept as text), NaN and infinity,
    integers of more than 64 bits, lone surrogates. A replay gives what JSON gives, as Powertools does without an
    ``output_serializer``: a dict for a model, a list for a tuple.
    """

    __slots__ = ()

    def encode(self, value: Any) -> bytes:
        """Raises TypeError for what is no JSON there."""
        return json.dumps(value, default=_plain).encode()

    def decode(self, data: bytes) -> Any:
        """The JSON value."""
        return json.loads(data.decode())


def prepared(data: Any) -> Any:
    """A dataclass, a model, or an event object as the data that Powertools makes of a decorated function's argument."""
    if hasattr(data, "__dataclass_fields__"):
        return dataclasses.asdict(data)
    if callable(getattr(data, "model_dump", None)):
        return data.model_dump(mode="json")
    if callable(getattr(data, "dict", None)):
        return data.dict()
    return getattr(data, "raw_event", data)


def is_missing(data: Any) -> bool:
    """Whether Powertools takes this for no key: nothing, or a collection of nothing but nulls."""
    if isinstance(data, dict):
        data = [*data.values()]  # pyright: ignore[reportUnknownMemberType] -- of any types
    if isinstance(data, tuple | list):
        return all(part is None for part in cast("Iterable[object]", data))
    return not isinstance(data, int | float) and not data


def hashed(data: Any, hash_function: str) -> str:
    """The hexadecimal digest of the data's JSON. Raises TypeError for what is no JSON."""
    text = json.dumps(data, default=_plain, sort_keys=True)
    return hashlib.new(hash_function, text.encode(), usedforsecurity=False).hexdigest()


def check_hash_function(name: str) -> None:
    """Raises ConfigurationError for one that Powertools could not use."""
    if name not in hashlib.algorithms_guaranteed or name.startswith("shake"):
        raise ConfigurationError(
            f"hash_function={name!r} is none: write the name that IdempotencyConfig has, as in hash_function='sha256'."
        )


def is_json(text: bytes) -> bool:
    """Whether Powertools reads this as a result."""
    try:
        json.loads(text.decode())
    except (ValueError, RecursionError):
        return False
    return True


def _plain(value: Any) -> Any:
    """What stands for a value that JSON does not know."""
    if isinstance(value, Decimal):
        return math.nan if value.is_nan() else str(value)
    if callable(getattr(value, "model_dump", None)):
        return value.model_dump(mode="json")
    if hasattr(value, "__dataclass_fields__"):
        return dataclasses.asdict(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, UUID | PurePath):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no JSON")

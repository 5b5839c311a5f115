"""What identifies an operation and its payload: the key in the store, and the fingerprint of what was asked.

Both are SHA-256 digests in hexadecimal, so a store never sees a client's key or payload.
"""

import json
import re
from collections.abc import Iterable
from decimal import Decimal
from hashlib import sha256
from typing import Any, cast

import orjson

_SORTED = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS

# A double holds 15 digits and exponents to 308. Longer numbers would be rounded, and two payloads look like one.
_BEYOND_DOUBLE = re.compile(rb"[0-9.]{17}|[eE][-+]?[0-9]{3}")


def storage_key(app: str, operation: str, principal: str | None, key: str) -> str:
    """``sha256(app | operation | principal | key)``, the lengths written out so that no two of these read the same."""
    who = b"" if principal is None else b"=" + encoded(principal)
    return digest(encoded(app), encoded(operation), who, encoded(key))


def digest(*parts: bytes) -> str:
    """The SHA-256 of these parts, each preceded by its length."""
    return sha256(b"".join([b"%d:%b" % (len(part), part) for part in parts])).hexdigest()


def encoded(text: str) -> bytes:
    """UTF-8, lone surrogates included."""
    return text.encode("utf-8", "surrogatepass")


def canonical(value: Any) -> bytes:
    """One JSON text for equal values: sorted keys, no white space.

    Takes what orjson does (dataclasses, datetimes, UUIDs, enums, …), pydantic models, sets, bytes and Decimal. Raises
    TypeError for anything else, naming the type.
    """
    return orjson.dumps(value, default=_plain, option=_SORTED)


def _plain(value: Any) -> Any:
    kind = cast("Any", type(value))
    serializer = getattr(kind, "__pydantic_serializer__", None)
    if serializer is not None:
        return serializer.to_python(value, mode="json")
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes | bytearray):
        return {"bytes": value.hex()}
    if isinstance(value, set | frozenset):
        members = cast("Iterable[Any]", value)
        return {"set": sorted(canonical(member).decode() for member in members)}
    raise TypeError(f"{kind.__name__} has no canonical form")


def canonical_json(body: bytes) -> bytes | None:
    """The same for a JSON text: white space, key order and escapes make no difference. None when it is no JSON, or such
    as has no other form (lone surrogates, hundreds of levels).

    Numbers that a double can't hold are compared digit by digit.
    """
    try:
        return canonical(read_json(body))
    except (ValueError, TypeError, RecursionError):
        return None


def read_json(body: bytes) -> Any:
    """A JSON text as Python values; if there is a number that a double can't hold, numbers are objects of their digits.

    Raises ValueError, or RecursionError, when it is no JSON.
    """
    if _BEYOND_DOUBLE.search(body) is None:
        return orjson.loads(body)
    return json.loads(body, parse_int=_token, parse_float=_token)


def _token(digits: str) -> Any:
    return {"number": digits}


def payload_digest(body: bytes, *parts: bytes, is_json: bool) -> str:
    """The fingerprint of a body (canonical when it is JSON, else byte for byte) and the payload's other parts."""
    plain = canonical_json(body) if is_json else None
    return digest(b"raw" if plain is None else b"json", body if plain is None else plain, *parts)

"""Claims as API Gateway passes them, read as a type.

A gateway makes a string of every claim. pydantic reads numbers, booleans and times from strings by itself; what it
can't is put right here, where the type asks for it and only there:

- a list: an HTTP API writes ``[admins editors]``, a REST API ``admins,editors``;
- a time: a REST API writes ``exp`` and ``iat`` as ``Fri Jul 29 18:52:53 UTC 2016``;
- an object: a REST API passes JSON.

Between list items that hold spaces (HTTP API) or commas (REST API) nothing is left that would tell them apart.
AWS documents none of this: https://github.com/awsdocs/amazon-api-gateway-developer-guide/issues/158
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast

import orjson

from lambdaframe.types import Authorizer, AuthorizerKind

_LISTS: Final = frozenset({"list_type", "tuple_type", "set_type", "frozen_set_type", "sequence_str", "iterable_type"})
_OBJECTS: Final = frozenset({"dict_type", "mapping_type", "model_type", "model_attributes_type", "dataclass_type"})
_TIMES: Final = ("int_", "float_", "datetime_", "date_", "decimal_", "time_delta_")
"""How pydantic calls what is wrong with a value: https://docs.pydantic.dev/latest/errors/validation_errors/"""

_DATE: Final = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([0-9]{2}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) UTC ([0-9]{4})")
_MONTHS: Final[Mapping[str, int]] = {
    name: number for number, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)
}


class UnfitClaimsError(Exception):
    """Raised for claims that do not fit. ``errors``: where and of which kind, without a value."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(errors)
        self.errors = errors


def typed_claims(validator: Any, claims: Mapping[str, Any], kind: AuthorizerKind) -> Any:
    """The claims by pydantic's ``validator``. Raises UnfitClaimsError."""
    from pydantic_core import ValidationError

    given = dict(claims)
    try:
        return validator.validate_python(given)
    except ValidationError as exc:
        errors: Any = exc.errors(include_url=False, include_context=False)
    respelled = _respelled(given, errors, kind)
    if respelled:
        try:
            return validator.validate_python(given | respelled)
        except ValidationError as exc:
            errors = exc.errors(include_url=False, include_context=False)
    raise UnfitClaimsError([{"loc": list(error["loc"]), "type": error["type"]} for error in errors])


def granted_scopes(authorizer: Authorizer) -> frozenset[str]:
    """The scopes of the token: of its ``scope`` and ``scp`` claims.

    An HTTP API's own list is read only where there is no such claim: it has been seen to be null beside one, and AWS
    does not say that it holds the token's scopes rather than the route's.
    """
    claims = authorizer["claims"]
    named = [claims[name] for name in ("scope", "scp") if name in claims]
    if not named:
        return frozenset(authorizer.get("scopes") or ())
    return frozenset(scope for value in named for scope in _scopes(value))


def _scopes(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        return _unbracketed(value).split()
    if isinstance(value, list | tuple):
        return [one for one in cast("Iterable[Any]", value) if isinstance(one, str)]
    return ()


def _respelled(claims: dict[str, Any], errors: Any, kind: AuthorizerKind) -> dict[str, Any]:
    """New values for the claims that the errors are about, where a string can be read otherwise."""
    found: dict[str, Any] = {}
    for error in errors:
        name: Any = next(iter(error["loc"]), None)
        if name in found or not isinstance(claims.get(name), str):
            continue
        value = _read(claims[name], error["type"], kind)
        if value is not None:
            found[name] = value
    return found


def _read(text: str, wrong: str, kind: AuthorizerKind) -> Any:
    if wrong in _LISTS:
        found = _json(text) if text.startswith(('["', "[{", "[[")) else None
        return _items(text, kind) if found is None else found
    if wrong in _OBJECTS:
        return _json(text) if text.startswith("{") else None
    return _epoch(text) if wrong.startswith(_TIMES) else None


def _items(text: str, kind: AuthorizerKind) -> list[str]:
    inner = _unbracketed(text)
    return inner.split() if kind == "jwt" else [item for item in re.split(r"[,\s]+", inner) if item]


def _unbracketed(text: str) -> str:
    return text[1:-1] if text.startswith("[") and text.endswith("]") else text


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:
        return None


def _epoch(text: str) -> int | None:
    """Seconds since the epoch."""
    match = _DATE.fullmatch(text)
    if match is None or match[1] not in _MONTHS:
        return None
    day, hour, minute, second, year = (int(match[at]) for at in range(2, 7))
    try:
        return int(datetime(year, _MONTHS[match[1]], day, hour, minute, second, tzinfo=UTC).timestamp())
    except ValueError:
        return None

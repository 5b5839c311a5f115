"""Validation by pydantic, of one field: its validator is built at the first use, or by ``warm``.

Building takes most of a cold start's time, and most requests of a cold function need one route.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

from lambdaframe.errors import ConfigurationError, HTTPException
from lambdaframe.http.binding.dependant import Field
from lambdaframe.http.binding.scalars import BUILT_IN, Convert, InvalidValueError
from lambdaframe.signature import EMPTY, members

if TYPE_CHECKING:
    from pydantic_core import ValidationError

VALIDATING = frozenset(
    {
        "gt",
        "ge",
        "lt",
        "le",
        "multiple_of",
        "allow_inf_nan",
        "max_digits",
        "decimal_places",
        "min_length",
        "max_length",
        "pattern",
        "strict",
        "discriminator",
    }
)
"""The options that decide which values are valid. The others describe: they are the OpenAPI document's."""

_OF_NUMBERS = frozenset({"gt", "ge", "lt", "le", "multiple_of", "allow_inf_nan"})
_OF_DECIMALS = frozenset({"max_digits", "decimal_places"})
_OF_TEXT = frozenset({"min_length", "max_length", "pattern"})

_UNFIT: Mapping[type, frozenset[str]] = {
    str: _OF_NUMBERS | _OF_DECIMALS,
    bytes: _OF_NUMBERS | _OF_DECIMALS | {"pattern"},
    int: _OF_TEXT | _OF_DECIMALS,
    float: _OF_TEXT | _OF_DECIMALS,
    bool: _OF_TEXT | _OF_DECIMALS,
}
"""Constraints that pydantic would find to be impossible only when a value comes."""


def describe_field(field: Field) -> str:
    """How a field is called in messages to the application's author."""
    kind = "body" if field.place == "body" else f"{field.place} parameter"
    return f"the {kind} {field.name!r}"


def is_built_in(field: Field) -> bool:
    """Whether its text is converted without pydantic. ``X | None`` is as ``X``: None is the default's business."""
    kind = _only_member(field.annotation)
    return not hasattr(field.annotation, "__metadata__") and _hashes(kind) and kind in BUILT_IN and not used(field)


def _only_member(annotation: Any) -> Any:
    kinds = members(annotation) if annotation is not EMPTY else (EMPTY,)
    return kinds[0] if len(kinds) == 1 else None


def _hashes(kind: Any) -> bool:
    try:
        hash(kind)
    except TypeError:
        return False
    return True


def built_in(field: Field) -> Convert:
    """The conversion of a field that ``is_built_in``."""
    convert: Convert = BUILT_IN[_only_member(field.annotation)]
    return convert


def used(field: Field) -> dict[str, Any]:
    """The options that pydantic is told of."""
    return {name: value for name, value in field.options.items() if name in VALIDATING}


def annotated(field: Field) -> Any:
    """Its type, with the marker's constraints. Loads pydantic where there are any."""
    options = used(field)
    kind = Any if field.annotation is EMPTY else field.annotation
    if not options:
        return kind
    from pydantic import Field as PydanticField

    made: Any = PydanticField(**options)
    return Annotated[kind, made]


class Validator:
    """One field's validator. ``python`` takes values, ``json`` a document's bytes."""

    __slots__ = ("_arbitrary", "_field", "_validator")

    def __init__(self, field: Field, *, arbitrary: bool = False) -> None:
        """``arbitrary``: types that pydantic knows nothing of are checked with ``isinstance``.

        Raises ConfigurationError for a constraint that the type can't have.
        """
        check_constraints(field)
        self._field = field
        self._arbitrary = arbitrary
        self._validator: Any = None

    def warm(self) -> None:
        """Build it. Raises ConfigurationError for a type that pydantic can't validate."""
        self._ready()

    def _ready(self) -> Any:
        if self._validator is None:
            self._validator = self._build()
        return self._validator

    def _build(self) -> Any:
        field = self._field
        kind = field.annotation
        if isinstance(kind, type) and hasattr(kind, "__pydantic_validator__") and not used(field):
            return getattr(kind, "__pydantic_validator__")  # noqa: B009  its class is not known
        from pydantic import ConfigDict

        return build_validator(
            annotated(field),
            describe_field(field),
            ConfigDict(arbitrary_types_allowed=True) if self._arbitrary else None,
        )

    def python(self, value: Any) -> Any:
        """A valid value. Raises InvalidValueError."""
        validator = self._validator or self._ready()
        try:
            return validator.validate_python(value)
        except validation_error() as exc:
            raise InvalidValueError(plain_errors(exc)) from exc

    def json(self, document: bytes) -> Any:
        """A value from a JSON document. Raises HTTPException(400) where it is none, InvalidValueError."""
        return validate_json(self._validator or self._ready(), document)


def build_validator(annotation: Any, where: str, config: Any = None) -> Any:
    """pydantic's validator of this type. Raises ConfigurationError where it can't make one."""
    from pydantic import PydanticUserError, TypeAdapter
    from pydantic_core import SchemaError

    try:
        return TypeAdapter(annotation, config=config).validator
    except (PydanticUserError, SchemaError, NameError, TypeError) as exc:
        reason = str(exc).splitlines()[0] if str(exc) else type(exc).__name__
        raise ConfigurationError(f"pydantic can't validate {where}, of type {annotation!r}: {reason}") from exc


def validate_json(validator: Any, document: bytes) -> Any:
    """A value straight from bytes. Raises HTTPException(400) for what is no JSON, InvalidValueError."""
    try:
        return validator.validate_json(document)
    except validation_error() as exc:
        errors = plain_errors(exc)
        if errors[0]["type"] == "json_invalid" and not errors[0]["loc"]:
            raise not_json(errors[0]["msg"]) from exc
        raise InvalidValueError(errors) from exc


def not_json(reason: object) -> HTTPException:
    """The answer to a body that can't be parsed."""
    return HTTPException(400, f"The body is not valid JSON: {reason}")


def validation_error() -> "type[ValidationError]":
    """pydantic's ValidationError. An ``except`` clause calls it only when something was raised."""
    from pydantic_core import ValidationError

    return ValidationError


MOST_ERRORS = 1000
"""Errors of one value that are told one by one. Listing those of a 6 MB body took 19 s and 700 MB."""


def plain_errors(exc: Any) -> list[dict[str, Any]]:
    """A pydantic ValidationError's errors, without the input: it may hold what must not be echoed."""
    count: int = exc.error_count()
    if count > MOST_ERRORS:
        return [{"loc": [], "msg": f"There are {count} errors: too many to list them.", "type": "too_many_errors"}]
    found = exc.errors(include_url=False, include_input=False, include_context=False)
    return [{"loc": list(error["loc"]), "msg": error["msg"], "type": error["type"]} for error in found]


def check_constraints(field: Field) -> None:
    """Raises ConfigurationError for a constraint that no value of the type can be held against."""
    constraints = {*used(field), *_constraints(get_args(field.annotation)[1:] if _is_annotated(field) else ())}
    for kind in members(field.annotation):
        plain = get_args(kind)[0] if get_origin(kind) is Annotated else kind
        unfit = sorted(constraints & _UNFIT.get(plain, frozenset())) if isinstance(plain, type) else ()
        if unfit:
            raise ConfigurationError(
                f"Leave {unfit[0]!r} out of {describe_field(field)}: it means nothing for {plain.__name__}."
            )


def _is_annotated(field: Field) -> bool:
    return get_origin(field.annotation) is Annotated


def _constraints(metadata: Any) -> Iterator[str]:
    """Of ``annotated_types`` marks and pydantic's ``Field``."""
    for mark in metadata:
        yield from (name for name in VALIDATING if getattr(mark, name, None) is not None)
        inner = getattr(mark, "metadata", ())
        if isinstance(inner, list | tuple):
            yield from _constraints(inner)

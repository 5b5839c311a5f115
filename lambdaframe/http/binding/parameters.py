"""What a signature may say of its arguments: markers, as ``Annotated`` metadata or, as in FastAPI, as default values.

The functions return ``Any`` so that a marker may stand as the default of an argument of any type. They only keep what
was written: nothing of pydantic is loaded here.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias, TypedDict, Unpack

from lambdaframe.errors import ConfigurationError
from lambdaframe.signature import EMPTY

Place: TypeAlias = Literal["path", "query", "header", "cookie", "body", "form"]
"""Where a value comes from. A file is a part of a form."""

DependencyScope: TypeAlias = Literal["function", "request"]


class FieldOptions(TypedDict, total=False):
    """What may be said of one value, with the meaning that pydantic's ``Field`` and FastAPI give to it."""

    alias: str
    title: str
    description: str
    examples: list[Any]
    openapi_examples: Mapping[str, Mapping[str, Any]]
    deprecated: bool | str
    include_in_schema: bool
    json_schema_extra: dict[str, Any]
    gt: float
    ge: float
    lt: float
    le: float
    multiple_of: float
    allow_inf_nan: bool
    max_digits: int
    decimal_places: int
    min_length: int
    max_length: int
    pattern: str
    strict: bool
    discriminator: str


OURS = frozenset({"openapi_examples", "include_in_schema"})
"""Options that mean nothing to pydantic; the others are passed to its ``Field``."""


class Parameter(NamedTuple):
    """One marker. ``default`` is ``EMPTY`` where the value is required. ``options``: see ``FieldOptions``."""

    place: Place
    default: Any
    default_factory: Callable[[], Any] | None
    options: FieldOptions
    convert_underscores: bool = True
    """Of a header: whether ``x_token`` is called ``x-token``."""
    embed: bool | None = None
    """Of a body: whether it is one member of a JSON object although it is the only one."""
    media_type: str | None = None
    file: bool = False


class Needed(NamedTuple):
    """A dependency, as ``Depends`` or ``Security`` wrote it. Without ``function`` the argument's own type is called."""

    function: Callable[..., Any] | None
    use_cache: bool = True
    scope: DependencyScope = "request"
    scopes: tuple[str, ...] = ()
    """OAuth2 scopes, by ``Security``."""


def _made(parameter: Parameter) -> Parameter:
    """The marker, with ``...`` for required as in FastAPI."""
    unknown = sorted(set(parameter.options) - FieldOptions.__optional_keys__)
    if unknown:
        raise ConfigurationError(f"Unknown option {unknown[0]!r} of a {parameter.place} parameter.")
    if parameter.default is ...:
        return parameter._replace(default=EMPTY)
    if parameter.default_factory is not None and parameter.default is not EMPTY:
        raise ConfigurationError(f"A {parameter.place} parameter has a default or a default_factory, not both.")
    return parameter


def Path(default: Any = EMPTY, **options: Unpack[FieldOptions]) -> Any:  # noqa: N802  as in FastAPI
    """A part of the path. It is always required."""
    if default is not EMPTY and default is not ...:
        raise ConfigurationError("A path parameter is always there: it can't have a default.")
    return _made(Parameter("path", EMPTY, None, options))


def Query(  # noqa: N802
    default: Any = EMPTY, *, default_factory: Callable[[], Any] | None = None, **options: Unpack[FieldOptions]
) -> Any:
    """A parameter of the query string. A list takes all its values, a pydantic model all parameters at once."""
    return _made(Parameter("query", default, default_factory, options))


def Header(  # noqa: N802
    default: Any = EMPTY,
    *,
    default_factory: Callable[[], Any] | None = None,
    convert_underscores: bool = True,
    **options: Unpack[FieldOptions],
) -> Any:
    """A header, without regard to case: ``x_token`` is ``x-token``, unless ``convert_underscores`` is False."""
    return _made(Parameter("header", default, default_factory, options, convert_underscores))


def Cookie(  # noqa: N802
    default: Any = EMPTY, *, default_factory: Callable[[], Any] | None = None, **options: Unpack[FieldOptions]
) -> Any:
    """A cookie."""
    return _made(Parameter("cookie", default, default_factory, options))


def Body(  # noqa: N802
    default: Any = EMPTY,
    *,
    default_factory: Callable[[], Any] | None = None,
    embed: bool | None = None,
    media_type: str = "application/json",
    **options: Unpack[FieldOptions],
) -> Any:
    """The JSON body, or where there are several (or ``embed=True``) the member of that name in a JSON object."""
    return _made(Parameter("body", default, default_factory, options, embed=embed, media_type=media_type))


def Form(  # noqa: N802
    default: Any = EMPTY, *, default_factory: Callable[[], Any] | None = None, **options: Unpack[FieldOptions]
) -> Any:
    """A field of a form, ``application/x-www-form-urlencoded`` or ``multipart/form-data``. Needs python-multipart."""
    return _made(Parameter("form", default, default_factory, options))


def File(  # noqa: N802
    default: Any = EMPTY, *, default_factory: Callable[[], Any] | None = None, **options: Unpack[FieldOptions]
) -> Any:
    """A file of a ``multipart/form-data`` form: an ``UploadFile``, or its content as ``bytes``."""
    return _made(Parameter("form", default, default_factory, options, file=True))


def Depends(  # noqa: N802
    dependency: Callable[..., Any] | None = None, *, use_cache: bool = True, scope: DependencyScope | None = None
) -> Any:
    """The result of calling ``dependency``, whose own arguments are bound as a handler's are.

    It is a function, a coroutine function, a generator of either kind that yields once, or a class; without one the
    argument's type is called. Its result is kept for the request unless ``use_cache`` is False. What stands behind a
    generator's ``yield`` runs after the response was sent, or with ``scope="function"`` before.
    """
    return Needed(dependency, use_cache, scope or "request")


def Security(  # noqa: N802
    dependency: Callable[..., Any] | None = None, *, scopes: Sequence[str] = (), use_cache: bool = True
) -> Any:
    """``Depends`` that names the OAuth2 scopes it asks for; a ``SecurityScopes`` argument below reads them."""
    return Needed(dependency, use_cache, scopes=tuple(scopes))

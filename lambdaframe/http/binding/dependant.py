"""A handler as data: where each of its arguments comes from, and the dependencies below it, as a tree.

``reading`` makes it from a signature; ``plan`` resolves it for a request; the OpenAPI document describes it. What every
application loads is made of NamedTuples: making a dataclass takes seven times as long, at every cold start.
"""

from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple, TypeAlias

from lambdaframe.http.binding.parameters import DependencyScope, FieldOptions, Parameter, Place
from lambdaframe.signature import EMPTY

Given: TypeAlias = Literal["request", "response", "invocation", "background", "scopes"]


class SecurityScheme(NamedTuple):
    """What a dependency with the attribute ``openapi_scheme`` says of itself.

    ``definition`` is OpenAPI's Security Scheme Object, ``name`` its key in the components.
    """

    name: str
    definition: dict[str, Any]


class Field(NamedTuple):
    """One argument that a part of the request fills."""

    place: Place
    argument: str
    name: str
    """As sent: the alias or the argument; of a header in lower case, with dashes for underscores."""
    annotation: Any
    """Without our marker; other ``Annotated`` metadata stays."""
    default: Any
    """``EMPTY`` where the value is required."""
    default_factory: Callable[[], Any] | None
    options: FieldOptions
    marked: Parameter | None
    many: bool
    """It takes all values of its name, as a list does."""
    model: bool
    """It takes all of its place, as a pydantic model of query parameters does."""

    @property
    def required(self) -> bool:
        """Whether the request must hold it."""
        return self.default is EMPTY and self.default_factory is None


class Dependant(NamedTuple):
    """A handler or a dependency. ``fields``, ``given`` (argument, what) and ``needs`` are its own."""

    function: Callable[..., Any]
    name: str
    fields: tuple[Field, ...]
    given: tuple[tuple[str, Given], ...]
    needs: tuple["Need", ...]
    returns: Any

    def flat(self) -> Iterator["Dependant"]:
        """Its dependencies, the deepest first, each function once, and itself last."""
        seen: set[int] = set()

        def walk(dependant: Dependant) -> Iterator[Dependant]:
            if id(dependant) not in seen:
                seen.add(id(dependant))
                for need in dependant.needs:
                    yield from walk(need.dependant)
                yield dependant

        return walk(self)

    def fields_of(self, *places: Place) -> list[Field]:
        """The fields of the whole tree that come from these places."""
        return [field for dependant in self.flat() for field in dependant.fields if field.place in places]


class Need(NamedTuple):
    """A dependency as one function asks for it. ``argument`` is None where it is called for its effect alone."""

    argument: str | None
    dependant: Dependant
    use_cache: bool
    scope: DependencyScope
    scopes: tuple[str, ...]
    """The OAuth2 scopes that this place adds."""

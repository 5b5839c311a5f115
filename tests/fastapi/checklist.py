"""What a behaviour on the checklist is: an application written once, what is asked of it, and what is to come of it.

A case is written as an application for FastAPI. ``ported`` makes lambdaframe's of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Verdict: TypeAlias = Literal["same", "different", "not offered"]
Names: TypeAlias = tuple[str, ...]
See: TypeAlias = Callable[[Any], Any]


@dataclass(frozen=True)
class Call:
    """A request and the status that FastAPI answers it with. ``see`` takes the part of the body that matters.

    ``headers`` are those of the answer that are compared, besides its content type and cookies.
    """

    method: str
    path: str
    status: int
    options: Mapping[str, Any]
    headers: Names = ()
    see: See | None = None


@dataclass(frozen=True)
class Check:
    """One line of the list. ``fastapi`` and ``ours`` are what each of the two answers where that differs, one for each
    call: a status, or a status and the body. ``refused`` is a part of our error's sentence where there is one."""

    behaviour: str
    verdict: Verdict
    calls: tuple[Call, ...]
    because: str = ""
    fastapi: tuple[Any, ...] = ()
    ours: tuple[Any, ...] = ()
    refused: str = ""


@dataclass(frozen=True)
class Case:
    """An application with what is checked of it. ``build`` makes a new one each time."""

    chapter: str
    build: Callable[[], Any]
    checks: tuple[Check, ...] = field(repr=False)

    def __call__(self) -> Any:
        return self.build()


def case(chapter: str, *checks: Check) -> Callable[[Callable[[], Any]], Case]:
    """Decorates a function that makes a FastAPI application."""
    return lambda build: Case(chapter, build, checks)


def same(behaviour: str, *calls: Call) -> Check:
    """Both answer alike; of an error the status, and the location and type of each mistake."""
    return Check(behaviour, "same", calls)


def different(behaviour: str, *calls: Call, fastapi: Any, ours: Any, because: str) -> Check:
    """Both answer as is said here. With one call, ``fastapi`` and ``ours`` are its answers, else lists of them."""
    theirs, own = ([fastapi], [ours]) if len(calls) == 1 else (fastapi, ours)
    return Check(behaviour, "different", calls, because, tuple(theirs), tuple(own))


def not_offered(behaviour: str, *calls: Call, refused: str, because: str) -> Check:
    """FastAPI answers; here the application can't be built, and an error says why. ``refused`` is a part of it."""
    return Check(behaviour, "not offered", calls, because, refused=refused)


def call(
    method: str, path: str, status: int = 200, *, headers: Names = (), see: See | None = None, **options: Any
) -> Call:
    """``options`` are those of the test client: ``json``, ``data``, ``files``, ``params``, ``send`` (headers) …"""
    if "send" in options:
        options["headers"] = options.pop("send")
    return Call(method, path, status, options, headers, see)


def get(path: str, status: int = 200, *, headers: Names = (), see: See | None = None, **options: Any) -> Call:
    """See ``call``."""
    return call("GET", path, status, headers=headers, see=see, **options)


def post(path: str, status: int = 200, *, headers: Names = (), see: See | None = None, **options: Any) -> Call:
    """See ``call``."""
    return call("POST", path, status, headers=headers, see=see, **options)


def put(path: str, status: int = 200, *, headers: Names = (), see: See | None = None, **options: Any) -> Call:
    """See ``call``."""
    return call("PUT", path, status, headers=headers, see=see, **options)


def document(see: See) -> Call:
    """A part of the OpenAPI document."""
    return get("/openapi.json", see=see)

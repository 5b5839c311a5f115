"""``app.middleware``, ``app.exception_handler`` and their like: the verbs of an application that serves HTTP."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from lambdaframe.errors import ConfigurationError
from lambdaframe.http.application import HTTPApplication
from lambdaframe.http.errors import ExceptionHandler, ExceptionHandlers
from lambdaframe.http.middleware.stack import Wrap
from lambdaframe.types import ASGIApp

if TYPE_CHECKING:
    from starlette.datastructures import URLPath

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


class HTTPVerbs:
    """The part of an application that is about its routes as a whole: what stands around them, what they depend on, and
    where they are."""

    _handlers: ExceptionHandlers
    _site: HTTPApplication

    @property
    def dependency_overrides(self) -> dict[Callable[..., Any], Callable[..., Any]]:
        """``overrides[dependency] = other``: for tests. May be changed at any time."""
        return self._site.overrides

    @dependency_overrides.setter
    def dependency_overrides(self, overrides: Mapping[Callable[..., Any], Callable[..., Any]]) -> None:
        self._site.overrides.clear()
        self._site.overrides.update(overrides)

    def exception_handler(self, key: int | type[Exception]) -> Callable[[FunctionT], FunctionT]:
        """Register ``handler(request, exc) -> Response``, sync or async, for a status or a class of exceptions."""

        def register(handler: FunctionT) -> FunctionT:
            self._handlers.add(key, handler)
            return handler

        return register

    def add_exception_handler(self, key: int | type[Exception], handler: ExceptionHandler) -> None:
        """``exception_handler`` for a function that was written elsewhere."""
        self._handlers.add(key, handler)

    @overload
    def middleware(self, given: FunctionT) -> FunctionT: ...
    @overload
    def middleware(self, given: Literal["http"] = ...) -> Callable[[FunctionT], FunctionT]: ...
    def middleware(self, given: Any = "http") -> Any:
        """Register ``async def middleware(request, call_next) -> Response``, inside what is registered already.

        It is for HTTP alone. Write it bare or, as in FastAPI, with ``"http"``.
        """

        def register(function: FunctionT) -> FunctionT:
            from lambdaframe.http.middleware.function import check_middleware

            check_middleware(function)
            self._wrap(function)
            return function

        if given == "http":
            return register
        if not callable(given):
            raise ConfigurationError(f"Function middleware is for 'http', not {given!r}.")
        return register(given)

    def add_middleware(self, cls: Callable[..., ASGIApp], *args: Any, **kwargs: Any) -> None:
        """Add ASGI middleware, ``cls(app, …)``, inside what is registered already: the first one is the outermost."""
        self._wrap(lambda app: cls(app, *args, **kwargs))

    def url_path_for(self, name: str, /, **path_params: Any) -> "URLPath":
        """The path of the route of this name, a function's unless it was given one, with these parameters.

        Raises NoMatchFoundError. ``request.url_for`` makes a URL of it.
        """
        return self._site.urls.url_path_for(name, path_params)

    def _wrap(self, wrap: Wrap) -> None:
        """Build the application anew with one more around it."""
        raise NotImplementedError

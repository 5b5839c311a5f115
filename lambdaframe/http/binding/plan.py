"""A handler's tree of dependencies, laid out once as a list of steps, and walked for each request.

What is asked for twice is one step, so its result is kept for the request without a cache. Dependencies run in the
order they are written, the deepest first. One whose own values do not fit is not called; the others are, so that a
request without credentials is told so before it is told of its other mistakes.
"""

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, NamedTuple

from lambdaframe.errors import HTTPException, RequestValidationError
from lambdaframe.http.binding.binder import Binder
from lambdaframe.http.binding.body import replay
from lambdaframe.http.binding.dependant import Dependant, Given, Need
from lambdaframe.http.binding.dependencies import Call, Exits, caller
from lambdaframe.http.binding.parameters import DependencyScope
from lambdaframe.invocation import current_invocation
from lambdaframe.types import Receive, Scope

if TYPE_CHECKING:
    from starlette.background import BackgroundTasks
    from starlette.requests import Request
    from starlette.responses import Response

    from lambdaframe.http.binding.forms import Form


class Resolved(NamedTuple):
    """The handler's keyword arguments, and what it was given to add to the answer, if it was."""

    arguments: dict[str, Any]
    response: "Response | None"
    background: "BackgroundTasks | None"


class _Step(NamedTuple):
    dependant: Dependant
    group: int
    """Where the binder has its values."""
    inputs: tuple[tuple[str | None, int], ...]
    """Argument and step, for each dependency. Without an argument it is called for its effect."""
    scopes: tuple[str, ...]
    call: Call


class Plan:
    """How a request becomes a call.

    ``direct``: its own values are all it takes, so that ``bind`` is enough. ``trivial``: it takes nothing.
    """

    def __init__(self, dependant: Dependant) -> None:
        """Raises ConfigurationError for a field that can't be bound."""
        groups = list(dependant.flat())
        self.dependant = dependant
        self.binder = Binder([group.fields for group in groups])
        self._steps = _layout(dependant, {id(group): at for at, group in enumerate(groups)})
        self.direct = not dependant.needs and not self.binder.takes_form and not _mutable(dependant)
        self.trivial = self.direct and self.binder.trivial and not dependant.given

    def bind(self, scope: Scope, receive: Receive, body: bytes | None) -> dict[str, Any]:
        """The call's keyword arguments, of a direct plan. ``body``: the request's, or None when it was not read.

        Raises RequestValidationError with every error of the request, HTTPException for a body that can't be read.
        """
        arguments = self.binder.one(scope, body)
        if self.dependant.given:
            source = _Source(scope, receive, body)
            for name, what in self.dependant.given:
                arguments[name] = source.give(what, ())
        return arguments

    async def resolve(self, scope: Scope, receive: Receive, body: bytes | None, exits: Exits) -> Resolved:
        """Bind everything and call the dependencies. Raises as ``bind`` does, and what a dependency raises."""
        source = _Source(scope, receive, body)
        form, unreadable = await self._form(source, exits) if self.binder.takes_form else (None, None)
        values = self.binder.bind(scope, body, form)
        results: list[Any] = []
        failed: set[int] = set()
        arguments: dict[str, Any] = {}
        for at, step in enumerate(self._steps):
            result = None
            if values.errors[step.group] or any(needed in failed for _, needed in step.inputs):
                failed.add(at)
            else:
                arguments = dict(values.arguments[step.group])
                arguments.update((name, results[needed]) for name, needed in step.inputs if name is not None)
                arguments.update((name, source.give(what, step.scopes)) for name, what in step.dependant.given)
                if at < len(self._steps) - 1:
                    result = await step.call(arguments, exits)
            results.append(result)
        failure = unreadable or values.failure
        if failure is not None:
            raise failure
        if failed:
            raise RequestValidationError([error for group in values.errors for error in group])
        return Resolved(arguments, source.response, source.background)

    async def _form(self, source: "_Source", exits: Exits) -> "tuple[Form, Exception | None]":
        """The form; an empty one and the error where it can't be read, which is told after what dependencies say."""
        from starlette.exceptions import HTTPException as StarletteHTTPException

        from lambdaframe.http.binding.forms import Form

        try:
            return await self.binder.load(await source.form(exits.request)), None
        except (HTTPException, StarletteHTTPException) as exc:
            return Form({}, {}), exc


def _mutable(dependant: Dependant) -> bool:
    return any(what in {"response", "background", "scopes"} for _, what in dependant.given)


def _layout(root: Dependant, groups: dict[int, int]) -> tuple[_Step, ...]:
    """The steps; the handler's own is the last. What is needed twice under the same conditions is one step."""
    steps: list[_Step] = []
    known: dict[tuple[Any, ...], int] = {}

    def add(dependant: Dependant, scopes: tuple[str, ...], scope: DependencyScope) -> int:
        inputs = tuple((need.argument, find(need, scopes)) for need in dependant.needs)
        steps.append(_Step(dependant, groups[id(dependant)], inputs, scopes, caller(dependant.function, scope)))
        return len(steps) - 1

    def find(need: Need, outer: tuple[str, ...]) -> int:
        scopes = (*outer, *(name for name in need.scopes if name not in outer))
        if not need.use_cache:
            return add(need.dependant, scopes, need.scope)
        asks = any(what == "scopes" for one in need.dependant.flat() for _, what in one.given)
        key = (id(need.dependant), scopes if asks else (), need.scope)
        if key not in known:
            known[key] = add(need.dependant, scopes, need.scope)
        return known[key]

    add(root, (), "function")
    return tuple(steps)


class _Source:
    """What a request gives beside its values, each made when it is first asked for."""

    def __init__(self, scope: Scope, receive: Receive, body: bytes | None) -> None:
        self._scope = scope
        self._receive = receive if body is None else replay(body, receive)
        self._request: Request | None = None
        self.response: Response | None = None
        self.background: BackgroundTasks | None = None

    def give(self, what: Given, scopes: tuple[str, ...]) -> Any:
        if what == "request":
            return self.request()
        if what == "invocation":
            return current_invocation()
        if what == "scopes":
            from lambdaframe.http.binding.scopes import SecurityScopes

            return SecurityScopes(list(scopes))
        if what == "background":
            if self.background is None:
                from starlette.background import BackgroundTasks

                self.background = BackgroundTasks()
            return self.background
        if self.response is None:
            self.response = _blank_response()
        return self.response

    def request(self) -> "Request":
        if self._request is None:
            from starlette.requests import Request

            self._request = Request(self._scope, self._receive)
        return self._request

    async def form(self, exits: AsyncExitStack) -> Any:
        """The form's fields; its files are closed at the end."""
        from lambdaframe.http.binding.whole_form import FormRequest

        request = self._request = FormRequest(self._scope, self._receive)
        exits.push_async_callback(request.close)
        return await request.form()


def _blank_response() -> "Response":
    """For its headers and cookies; its status is None until it is set."""
    from starlette.responses import Response

    response = Response()
    del response.headers["content-length"]
    blank: Any = response
    blank.status_code = None
    return response

"""The dependencies of a consumer, called for each record (with ``batch=True``: for each stream).

As of a route: what is asked for twice is called once, the deepest first, in the order they are written. A dependency
takes the ``Record``, the ``Invocation`` and other dependencies. All that is behind a generator's ``yield`` runs before
the record is answered: what goes wrong there (a commit, say) fails the record.
"""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from types import NoneType
from typing import Any, Literal, NamedTuple

from lambdaframe.concurrency import is_generator_callable
from lambdaframe.errors import ConfigurationError
from lambdaframe.http.binding.dependencies import Call, Exits, caller
from lambdaframe.http.binding.parameters import Needed
from lambdaframe.invocation import Invocation, current_invocation
from lambdaframe.records.calling import RecordCall, in_worker_thread
from lambdaframe.records.plan import Overrides, needed_by
from lambdaframe.records.record import Record
from lambdaframe.signature import EMPTY, Argument, bare, describe, members, read_signature


class _Step(NamedTuple):
    call: Call
    given: tuple[tuple[str, Literal["record", "invocation"]], ...]
    inputs: tuple[tuple[str, int], ...]
    """Argument and step, for each dependency of this one."""


class Dependencies:
    """The dependencies of one function, laid out as a list of steps."""

    __slots__ = ("_layout", "_overrides", "_wanted")

    def __init__(
        self, user: str, wanted: Sequence[tuple[Argument, Needed]], overrides: Overrides, *, records: bool = True
    ) -> None:
        """``overrides`` replaces dependencies by others; it may change at any time. ``records``: whether there is a
        record. Raises ConfigurationError for a dependency that can't be called for a record."""
        self._wanted = tuple((user, argument, needed) for argument, needed in wanted)
        self._overrides = overrides
        self._layout = _Layout(self._wanted, {}, records=records)

    async def resolve(self, record: Record | None, exits: Exits) -> dict[str, Any]:
        """The values by argument. ``exits`` gets what there is to clean up. Raises what a dependency raises."""
        layout = self._layout
        if self._overrides:
            layout = _Layout(self._wanted, self._overrides, records=record is not None)
        results: list[Any] = []
        for step in layout.steps:
            arguments = {name: results[at] for name, at in step.inputs}
            for name, what in step.given:
                arguments[name] = record if what == "record" else current_invocation()
            results.append(await step.call(arguments, exits))
        return {name: results[at] for name, at in layout.outputs}


class _Layout:
    """The steps, each after those it needs."""

    def __init__(self, wanted: Sequence[tuple[str, Argument, Needed]], overrides: Overrides, *, records: bool) -> None:
        self.steps: list[_Step] = []
        self._overrides = overrides
        self._records = records
        self._known: dict[Any, int] = {}
        self._open: list[Any] = []
        self.outputs = tuple((argument.name, self._find(argument, needed, user)) for user, argument, needed in wanted)

    def _find(self, argument: Argument, needed: Needed, user: str) -> int:
        function: Any = bare(argument.annotation) if needed.function is None else needed.function
        if not callable(function) or function is EMPTY or function is NoneType:
            raise ConfigurationError(f"{user}: Depends() needs a function or a class to call, not {function!r}.")
        if self._overrides and _hashable(function):
            function = self._overrides.get(function, function)
        name = describe(function)
        key: Any = (function if _hashable(function) else id(function), needed.scope)
        if key[0] in self._open:
            raise ConfigurationError(f"{name} depends on itself.")
        if needed.use_cache and key in self._known:
            return self._known[key]
        self._open.append(key[0])
        step = self._read(function, needed, name)
        self._open.pop()
        self.steps.append(step)
        if needed.use_cache:
            self._known[key] = len(self.steps) - 1
        return len(self.steps) - 1

    def _read(self, function: Callable[..., Any], needed: Needed, name: str) -> _Step:
        given: list[tuple[str, Literal["record", "invocation"]]] = []
        inputs: list[tuple[str, int]] = []
        for argument in read_signature(function, generators=True).arguments:
            asked = members(argument.annotation)
            inner = needed_by(argument, name)
            if inner is not None:
                self._check_lives(needed, function, inner, name)
                inputs.append((argument.name, self._find(argument, inner, name)))
            elif asked == (Record,) and self._records:
                given.append((argument.name, "record"))
            elif asked == (Invocation,):
                given.append((argument.name, "invocation"))
            elif argument.default is EMPTY:
                takes = " takes Record, Invocation" if self._records else " with batch=True takes Invocation"
                raise ConfigurationError(
                    f"{name} takes '{argument.name}': a dependency of a consumer{takes} and other dependencies. "
                    "Give it a default, or read it from what it takes."
                )
        return _Step(caller(function, needed.scope), tuple(given), tuple(inputs))

    def _check_lives(self, needed: Needed, function: Any, inner: Needed, name: str) -> None:
        """A generator must not outlive what it uses."""
        ends = inner.scope == "function" and inner.function is not None and is_generator_callable(inner.function)
        if needed.scope == "request" and ends and is_generator_callable(function):
            raise ConfigurationError(f"{name} can't depend on what ends before it: give it scope='function', too.")


def _hashable(function: Any) -> bool:
    try:
        hash(function)
    except TypeError:
        return False
    return True


class _Exits(Exits):
    """One stack for both: function and record end together, and what was opened last is closed first."""

    def __init__(self) -> None:
        self.function = self.request = AsyncExitStack()


def depending(
    function: Callable[..., Any], names: tuple[str, ...], needs: Dependencies, *, asynchronous: bool
) -> RecordCall:
    """The function with its dependencies, opened before it is called and closed when it has returned or raised."""
    run = function if asynchronous else in_worker_thread(function)

    async def call(record: Any, arguments: tuple[Any, ...]) -> Any:
        exits = _Exits()
        raised: BaseException | None = None
        result: Any = None
        async with exits.request:
            try:
                values = await needs.resolve(record, exits)
                result = await run(**dict(zip(names, arguments, strict=True)), **values)
            except BaseException as exc:
                raised = exc
                raise
        if raised is not None:
            raise raised  # a dependency has caught it and gone on; the record has failed all the same
        return result

    return call

"""What a source is: a module with these functions. There is no base class; the module is the strategy.

A source knows one kind of Lambda event. It turns the event into an ASGI scope and what was sent back into Lambda's
answer. Its functions are pure: no app, no loop, no I/O, and no source imports another. All but ``matches`` are
called only with an event that the source matches; a part that is missing or wrong then raises MalformedEventError
with a sentence that names it.

Type checkers hold the modules in ``lambdaframe_adapters.detection`` to these protocols.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal, Protocol, TypeAlias

from lambdaframe.records.record import Record
from lambdaframe.types import Event, LambdaContext, Scope
from lambdaframe_adapters._options import DEFAULTS, Options


class HTTPSource(Protocol):
    """A source whose event is one HTTP request and whose answer is one HTTP response."""

    @property
    def kind(self) -> Literal["http"]:
        """Tells the protocols apart."""
        ...

    @property
    def name(self) -> str:
        """What the source is called in ``sources=``, in ``Invocation.source`` and in log lines."""
        ...

    def matches(self, event: Any) -> bool:
        """Whether this source made the event. Never raises, whatever JSON value it is given."""
        ...

    def identities(self, event: Event) -> Collection[str]:
        """Where the event says that it is from, most telling first: ids of APIs, distributions and accounts, ARNs.
        Empty where it does not say."""
        ...

    def scope(self, event: Event, context: LambdaContext | None, options: Options = DEFAULTS) -> Scope:
        """The ASGI ``http`` scope, ``spec_version`` 2.4, with ``root_path`` part of ``path``.

        The options' ``base_path`` is added to the ``root_path`` that the event itself tells of.
        ``trusted_hops`` chooses the client; see ``_http.client``.

        ``scope["extensions"]["lambda"]`` holds ``event`` and ``context``; ``authorizer``, an ``Authorizer`` or None
        where nobody vouches for the caller; and ``principal``, by the same word the string that names the caller in
        every request, or None.

        Raises MalformedEventError for a request that is to be answered with 400.
        """
        ...

    def body(self, event: Event) -> bytes:
        """The request's body, decoded; empty when there is none.

        Raises MalformedEventError for invalid base64 and for text that is no Unicode, and its subclass
        TruncatedBodyError for a body that the gateway has cut off.
        """
        ...

    def response(
        self,
        event: Event,
        status: int,
        headers: list[tuple[bytes, bytes]],
        body: bytes,
        options: Options = DEFAULTS,
    ) -> dict[str, Any]:
        """Lambda's answer to this event, ready to be dumped as JSON. Of the options it reads ``text_types``.

        Raises UnsafeHeaderError for a header that could split the response.
        """
        ...

    def answer_limit(self, event: Event) -> int:
        """How many bytes the answer to this event may have, encoded as JSON."""
        ...


class RecordSource(Protocol):
    """A source whose event is a batch of records and whose answer names those to be delivered again."""

    @property
    def kind(self) -> Literal["records"]:
        """Tells the protocols apart."""
        ...

    @property
    def name(self) -> str:
        """What the source is called in ``sources=``, in ``scope["source"]`` and in log lines."""
        ...

    def matches(self, event: Any) -> bool:
        """Whether this source made the event. Never raises, whatever JSON value it is given."""
        ...

    def identities(self, event: Event) -> Collection[str]:
        """The ARN that all of the batch's records share, and its account's id. Empty where they differ."""
        ...

    def scope(self, event: Event, context: LambdaContext | None) -> Scope:
        """The ``records`` scope, after a check of every record's id and source.

        Call it before ``records``. Raises MalformedEventError when a record has no id or is of another source: then
        no answer can name it, and the invocation must fail as a whole.
        """
        ...

    def records(self, event: Event) -> Iterator[Record]:
        """The records in the event's order, each made when it is asked for."""
        ...

    def failures(self, event: Event, not_done: Collection[str], received: int) -> dict[str, Any]:
        """The partial batch answer: ``{"batchItemFailures": [{"itemIdentifier": id}, ...]}``.

        ``not_done``: ids of records that the app has received and not answered with ``records.done``, be it that they
        failed or that they are unanswered. ``received``: how many records the app has taken, counted from the front of
        the event; those behind were never received and count as not done. An empty list is the whole success.
        """
        ...


class TransformSource(Protocol):
    """A source whose event is a batch of records and whose answer holds all of them, as the application made them."""

    @property
    def kind(self) -> Literal["transform"]:
        """Tells the protocols apart."""
        ...

    @property
    def name(self) -> str:
        """What the source is called in ``sources=``, in ``scope["source"]`` and in log lines."""
        ...

    def matches(self, event: Any) -> bool:
        """Whether this source made the event. Never raises, whatever JSON value it is given."""
        ...

    def identities(self, event: Event) -> Collection[str]:
        """The ARNs of the delivery stream and of what it reads, and their accounts' ids."""
        ...

    def scope(self, event: Event, context: LambdaContext | None) -> Scope:
        """The ``records`` scope, after a check of every record's id. Raises MalformedEventError as RecordSource's."""
        ...

    def records(self, event: Event) -> Iterator[Record]:
        """The records in the event's order, each made when it is asked for."""
        ...

    def answer(self, event: Event, results: Mapping[str, Any]) -> "Transformed":
        """Lambda's answer. ``results``: what became of each record that is done, by its id."""
        ...


class Transformed(Protocol):
    """``event``: Lambda's answer. ``too_large``: the ids of records that there was no room for."""

    @property
    def event(self) -> dict[str, Any]: ...
    @property
    def too_large(self) -> Collection[str]: ...


class EventSource(Protocol):
    """A source whose event is about something that has happened, and whose answer nobody reads: it fails or it is done.

    Its records find their handlers by what is in them. They are of type ``lambdaframe.events.record.EventRecord``.
    """

    @property
    def kind(self) -> Literal["events"]:
        """Tells the protocols apart."""
        ...

    @property
    def name(self) -> str:
        """What the source is called in ``sources=``, in ``scope["source"]`` and in log lines."""
        ...

    def matches(self, event: Any) -> bool:
        """Whether this source made the event. Never raises, whatever JSON value it is given."""
        ...

    def identities(self, event: Any) -> Collection[str]:
        """The ARNs that the event is from (of topics, buckets, resources), and ids of accounts. Empty where it does not
        say."""
        ...

    def scope(self, event: Any, context: LambdaContext | None) -> Scope:
        """The ``records`` scope: its ``name`` is None, its ``order`` ``"none"``.

        Raises MalformedEventError for an event whose records can't be told.
        """
        ...

    def records(self, event: Any) -> Iterator[Record]:
        """The records in the event's order. Raises MalformedEventError, too, but never once it has given one."""
        ...


Source: TypeAlias = HTTPSource | RecordSource | TransformSource | EventSource

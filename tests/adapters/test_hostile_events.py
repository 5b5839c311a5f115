"""Captured events with a part dropped, nulled or replaced: no exception but the declared ones."""

import copy
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdaframe.errors import MalformedEventError, PoisonRecordError, UnknownEventError
from lambdaframe.events.record import EventRecord
from lambdaframe.events.syntax import read_pattern
from lambdaframe_adapters._json import ARRAY, OBJECT
from lambdaframe_adapters._options import DEFAULTS, checked
from lambdaframe_adapters.detection import detect
from tests.adapters.captured import NAMES, captured

OPTIONS = (DEFAULTS, checked(base_path="/v1", trusted_hops=2, text_mime_types=["image/*"]))

ODDITIES: list[Any] = [
    *("\0", "\ud800", "..", "%", "%zz", "/../", "a" * 10_000, 1e300),
    *({}, [], {"": None}, [None], [[]]),
]

odd: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(ODDITIES)
    | st.lists(st.none() | st.text(max_size=3), max_size=2)
    | st.dictionaries(st.text(max_size=3), st.none() | st.integers() | st.text(max_size=3), max_size=2)
)


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every part below the value."""
    steps: Any = value if isinstance(value, OBJECT) else range(len(value)) if isinstance(value, ARRAY) else ()
    for step in steps:
        yield (*way, step)
        yield from places(value[step], (*way, step))


def use(event: Any) -> None:
    """Everything that the entry point and a consumer do with an event."""
    source = detect(event)
    assert all(isinstance(one, str) and one for one in source.identities(event))
    if source.kind == "http":
        source.body(event)
        for options in OPTIONS:
            source.scope(event, None, options)
            source.response(event, 200, [(b"content-type", b"text/plain"), (b"set-cookie", b"a=1")], b"x", options)
        assert source.answer_limit(event) >= 40_960
        return
    scope = source.scope(event, None)
    assert hash((scope["name"], scope["arn"], scope["order"])) is not None
    for received, record in enumerate(source.records(event), 1):
        assert isinstance(record.id, str)
        assert record.group is None or isinstance(record.group, str)
        assert record.timestamp is None or record.timestamp.tzinfo is not None
        assert isinstance(record.receive_count, int)
        for part in ("body", "attributes", "sequence"):
            with suppress(PoisonRecordError):
                getattr(record, part)
        if isinstance(record, EventRecord):
            assert read_pattern({"a": {"b": [{"exists": False}]}}, "here").matches(record.facts) in (True, False)
            with suppress(PoisonRecordError):
                record.whole(None)
        if source.kind == "records":
            source.failures(event, {record.id}, received)


@pytest.mark.parametrize("name", NAMES)
def test_the_captured_event_itself_is_fine(name: str) -> None:
    use(captured(name))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60)
@given(st.data())
def test_a_mutated_event_raises_only_what_is_declared(name: str, data: st.DataObject) -> None:
    event = captured(name)
    for _ in range(data.draw(st.integers(1, 2))):
        ways = list(places(event))
        if not ways:
            break
        *way, last = data.draw(st.sampled_from(ways))
        part: Any = event
        for step in way:
            part = part[step]
        if data.draw(st.booleans()):
            part[last] = copy.deepcopy(data.draw(odd))
        else:
            del part[last]
    with suppress(UnknownEventError, MalformedEventError):
        use(event)

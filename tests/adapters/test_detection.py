"""Detection: every event has exactly one source, and what has none is refused with what was seen."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdaframe.errors import UnknownEventError
from lambdaframe_adapters.detection import SOURCES, detect
from tests.adapters.captured import NAMES, UNKNOWN, captured

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)

# Everything that any predicate looks at, mixed at will: two sources must never see their own in it.
service = st.sampled_from(["aws:sqs", "aws:kinesis", "aws:dynamodb", "aws:s3"])
maybe_object = st.dictionaries(st.text(), st.integers(), max_size=1) | st.none()
cloudfront: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {},
    optional={
        "config": st.fixed_dictionaries({"eventType": st.sampled_from(["viewer-request", "origin-response", []])}),
        "request": maybe_object,
    },
)
record: st.SearchStrategy[Any] = st.fixed_dictionaries({}, optional={"eventSource": service, "cf": cloudfront})
nearly_events: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "version": st.sampled_from(["1.0", "2.0", None, 2]),
        "type": st.just("REQUEST"),
        "httpMethod": st.just("GET"),
        "resource": st.just("/"),
        "rawPath": st.just("/"),
        "raw_path": st.just("/"),
        "method": st.just("GET"),
        "Records": st.lists(record, max_size=2) | st.none(),
        "requestContext": json_values
        | st.fixed_dictionaries(
            {},
            optional={
                "elb": maybe_object,
                "http": maybe_object,
                "serviceArn": st.sampled_from(["arn:aws:vpc-lattice:eu-west-1:123456789012:service/svc-1", 5]),
                "domainName": st.sampled_from(["a.lambda-url.eu-west-1.on.aws", "api.example.com", 5]),
            },
        ),
    },
)


@pytest.mark.parametrize("name", NAMES)
def test_a_captured_event_is_of_exactly_one_source(name: str) -> None:
    event = captured(name)
    assert [source.name for source in SOURCES.values() if source.matches(event)] == [name.partition("/")[0]]
    assert detect(event).name == name.partition("/")[0]


def test_there_is_a_captured_event_of_each_source() -> None:
    assert {name.partition("/")[0] for name in NAMES} == set(SOURCES)


@given(nearly_events)
def test_no_event_is_of_two_sources(event: dict[str, Any]) -> None:
    assert sum(source.matches(event) for source in SOURCES.values()) <= 1


@pytest.mark.parametrize("name", NAMES)
def test_two_events_in_one_are_not_of_two_sources(name: str) -> None:
    first = captured(name)
    for other in NAMES:
        second = captured(other)
        event = {**first, **second}
        if "requestContext" in event:
            event["requestContext"] = {**first.get("requestContext", {}), **second.get("requestContext", {})}
        assert sum(source.matches(event) for source in SOURCES.values()) <= 1, other


@given(json_values | nearly_events)
def test_no_json_value_makes_detection_raise_anything_else(value: Any) -> None:
    matching = [source.name for source in SOURCES.values() if source.matches(value)]
    try:
        assert [detect(value).name] == matching
    except UnknownEventError:
        assert matching == []


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_unknown_event_is_refused_with_the_keys_seen(name: str) -> None:
    event = captured(name)
    with pytest.raises(UnknownEventError) as caught:
        detect(event)
    assert list(caught.value.keys) == sorted(event)
    assert all(repr(key) in str(caught.value) for key in event)


REFUSALS: list[tuple[Any, str]] = [
    ({}, "an object with the keys []"),
    (None, "a value of type NoneType"),
    ([], "a value of type list"),
    ("text", "a value of type str"),
    ({"Records": [5]}, "['Records']"),
    ({"Records": [{}]}, "['Records']"),
    (captured("unknown/payload_version_9"), "version '9.9' is not known"),
    (captured("unknown/ses"), "Records of 'aws:ses' have no source"),
    (captured("unknown/codecommit"), "Records of 'aws:codecommit' have no source"),
    (captured("unknown/websocket_connect"), "of a WebSocket API"),
    (captured("unknown/websocket_message"), "of a WebSocket API"),
    (captured("unknown/cloudfront"), "only the types 'viewer-request' and 'origin-request'"),
    (captured("unknown/cloudfront_response"), "only the types 'viewer-request' and 'origin-request'"),
]


@pytest.mark.parametrize(("value", "said"), REFUSALS)
def test_the_refusal_says_what_was_seen(value: Any, said: str) -> None:
    with pytest.raises(UnknownEventError) as caught:
        detect(value)
    assert said in str(caught.value)

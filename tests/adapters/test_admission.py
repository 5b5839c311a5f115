"""``sources=`` and ``allow=``: which events the handler takes, by the captured events."""

from typing import Any

import pytest

from lambdaframe.errors import ConfigurationError, OriginNotAllowedError, SourceNotAllowedError, UnknownEventError
from lambdaframe_adapters.admission import Admission
from lambdaframe_adapters.detection import detect
from tests.adapters.captured import NAMES, captured

ACCOUNT = "123456789012"
GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/lambda-279XGJDqGZ5rsrHC2Fjr/49e9d65c45c6791a"
LATTICE = "arn:aws:vpc-lattice:us-east-1:123456789012"
URL = "abcdefghijklmnopqrstuvwxyz012345"

IDENTITIES: dict[str, tuple[str, ...]] = {
    "http_api/no_body": ("api-id", ACCOUNT),
    "rest_api/stage": ("1234567890", ACCOUNT),
    "rest_api/console_test": ("1234567890", ACCOUNT),
    "function_url/plain": (URL,),
    "alb/multi_value": (GROUP, ACCOUNT),
    "lattice_v1/query": (),
    "lattice_v2/query": (
        f"{LATTICE}:service/svc-0a40eebed65f8d69c",
        ACCOUNT,
        f"{LATTICE}:targetgroup/tg-6d0ecf831eec9f09",
    ),
    "edge/viewer_request": ("EDFDVBD6EXAMPLE",),
    "empty_batch/no_records": (),
}


def two_records(name: str, *arns: Any) -> dict[str, Any]:
    """A captured batch's first record, once for each ARN."""
    event = captured(name)
    first = event["Records"][0]
    return {"Records": [{**first, "eventSourceARN": arn} for arn in arns]}


@pytest.mark.parametrize("name", IDENTITIES)
def test_where_an_event_says_that_it_is_from(name: str) -> None:
    event = captured(name)
    assert detect(event).identities(event) == IDENTITIES[name]


STREAM = f"arn:aws:kinesis:eu-west-1:{ACCOUNT}:stream/clicks"
TABLE = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/orders"
QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:orders"


@pytest.mark.parametrize(
    ("name", "arn", "identities"),
    [
        ("sqs/standard", QUEUE, (QUEUE, ACCOUNT)),
        ("kinesis/shared_throughput", STREAM, (STREAM, ACCOUNT)),
        ("kinesis/enhanced_fan_out", f"{STREAM}/consumer/c:1", (f"{STREAM}/consumer/c:1", ACCOUNT, STREAM)),
        ("dynamodb/keys_only", f"{TABLE}/stream/2026-01-01", (f"{TABLE}/stream/2026-01-01", ACCOUNT, TABLE)),
    ],
)
def test_a_batch_is_from_the_arn_that_all_its_records_share(name: str, arn: str, identities: tuple[str, ...]) -> None:
    event = two_records(name, arn, arn)
    assert detect(event).identities(event) == identities
    for other in (f"{arn}2", None, 5, [arn]):
        event = two_records(name, arn, other)
        assert detect(event).identities(event) == ()


@pytest.mark.parametrize("name", NAMES)
def test_an_event_is_taken_for_any_of_its_identities_and_for_no_other(name: str) -> None:
    event = captured(name)
    source = detect(event)
    for identity in source.identities(event):
        assert Admission(None, [identity, "elsewhere"]).source_of(event) is source
    if source.name == "empty_batch":  # there is nothing in it to refuse
        assert Admission(None, ["elsewhere"]).source_of(event) is source
        return
    for near in ("elsewhere", "12345678901", "1234567890123", "arn:aws:sqs"):
        with pytest.raises(OriginNotAllowedError):
            Admission(None, [near]).source_of(event)


def test_the_refusal_says_what_was_seen_and_what_is_allowed() -> None:
    with pytest.raises(UnknownEventError) as caught:
        Admission(None, ["b", "a"]).source_of(captured("http_api/no_body"))
    assert isinstance(caught.value, OriginNotAllowedError)
    assert "source 'http_api' from ['api-id', '123456789012'] is not accepted; allowed are ['a', 'b']" in str(
        caught.value
    )
    assert (caught.value.source, caught.value.identities) == ("http_api", ("api-id", ACCOUNT))
    with pytest.raises(OriginNotAllowedError, match="that does not say where it is from"):
        Admission(None, ["a"]).source_of(captured("lattice_v1/query"))


def test_a_source_that_is_left_out_is_refused_whatever_it_is_from() -> None:
    with pytest.raises(SourceNotAllowedError, match=r"'http_api' is not accepted.*\['alb'\]"):
        Admission(["alb"], ["api-id"]).source_of(captured("http_api/no_body"))


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"sources": "http_api"}, "sources takes a list"),
    ({"sources": ["httpapi"]}, r"Unknown sources \['httpapi'\]; there are \['alb'"),
    ({"sources": []}, "Unknown sources"),
    ({"sources": [None]}, "sources takes a list"),
    ({"allow": "api-id"}, "allow takes a list"),
    ({"allow": []}, "allow is empty"),
    ({"allow": ["a", ""]}, "allow takes a list"),
    ({"allow": [123456789012]}, "allow takes a list"),
    ({"allow": 123456789012}, "allow takes a list"),
]


@pytest.mark.parametrize(("options", "said"), MISTAKES)
def test_a_mistake_is_found_when_the_handler_is_built(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Admission(options.get("sources"), options.get("allow"))

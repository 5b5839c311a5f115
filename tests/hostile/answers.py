"""Whether an answer is one that Lambda's caller takes, by AWS's pages and not by our code.

REST APIs: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
HTTP APIs: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
Load balancers: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
VPC Lattice: https://docs.aws.amazon.com/vpc-lattice/latest/ug/lambda-functions.html
CloudFront: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-generating-http-responses-in-requests.html
Batches: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

import json
import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Any, Final

_BODY: Final = frozenset({"statusCode", "body", "isBase64Encoded"})
_FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "rest_api": _BODY | {"multiValueHeaders"},
    "http_api_v1": _BODY | {"multiValueHeaders"},
    "http_api": _BODY | {"headers", "cookies"},
    "function_url": _BODY | {"headers", "cookies"},
    "alb": _BODY | {"headers", "multiValueHeaders", "statusDescription"},
    "lattice_v1": _BODY | {"headers"},
    "lattice_v2": _BODY | {"headers"},
    "edge": frozenset({"status", "statusDescription", "headers", "body", "bodyEncoding"}),
}
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def check_http(source: str, event: Any, answer: Any) -> None:
    """Raises AssertionError unless it is a well-formed answer of this source to this event."""
    sent = json.dumps(answer, allow_nan=False, ensure_ascii=False).encode()
    assert json.loads(sent) == answer, "what is sent is what was meant"
    assert set(answer) <= _FIELDS[source], sorted(answer)
    if source == "edge":
        _check_edge(answer)
        return
    status = answer["statusCode"]
    assert type(status) is int
    assert 100 <= status <= 599
    assert type(answer["body"]) is str
    assert type(answer.get("isBase64Encoded", False)) is bool
    if answer.get("isBase64Encoded"):
        b64decode(answer["body"], validate=True)
    multiple = "multiValueHeaders" in answer
    assert multiple != ("headers" in answer)
    if source == "alb":
        assert multiple == (event.get("multiValueHeaders") is not None), "an answer of the request's kind"
        assert re.fullmatch(rf"{status} [\w' -]+", answer["statusDescription"])
    for name, values in answer["multiValueHeaders" if multiple else "headers"].items():
        assert _TOKEN.fullmatch(name), name
        for value in values if multiple else [values]:
            _check_value(value)
    for cookie in answer.get("cookies", []):
        _check_value(cookie)


def _check_edge(answer: Any) -> None:
    assert type(answer["status"]) is str
    assert 100 <= int(answer["status"]) <= 599
    assert type(answer.get("statusDescription", "")) is str
    assert type(answer.get("body", "")) is str
    assert answer.get("bodyEncoding", "text") in {"text", "base64"}
    if answer.get("bodyEncoding") == "base64":
        b64decode(answer["body"], validate=True)
    for name, entries in answer["headers"].items():
        assert _TOKEN.fullmatch(name), name
        for entry in entries:
            assert entry["key"].lower() == name
            _check_value(entry["value"])


def status_of(answer: Any) -> int:
    """The status, which CloudFront takes as a string."""
    return int(answer["status"] if "status" in answer else answer["statusCode"])


def _check_value(value: Any) -> None:
    assert type(value) is str
    assert not re.search(r"[\r\n\0]", value)
    value.encode("latin-1")


def failed_ids(answer: Any) -> list[str]:
    """The ids that a batch's answer names. Raises AssertionError unless it is a well-formed answer."""
    assert json.loads(json.dumps(answer)) == answer
    assert list(answer) == ["batchItemFailures"]
    found: list[str] = []
    for entry in answer["batchItemFailures"]:
        assert list(entry) == ["itemIdentifier"]
        assert type(entry["itemIdentifier"]) is str
        assert entry["itemIdentifier"] != ""
        found.append(entry["itemIdentifier"])
    return found

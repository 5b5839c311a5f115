"""Lambda events as AWS sends them, for the demonstration and the tests: one function for each source.

Each function's docstring links the AWS page whose example it follows.
"""

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

Event: TypeAlias = dict[str, Any]

ACCOUNT = "123456789012"
REGION = "eu-central-1"
SENT = 1_767_323_045.678
"""Seconds since the epoch at which everything here was sent."""


@dataclass(frozen=True)
class Call:
    """An HTTP request before a gateway made an event of it. ``query`` is encoded; ``json`` is sent as the body."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    json: Any = None

    @property
    def body(self) -> str | None:
        return None if self.json is None else json.dumps(self.json, separators=(",", ":"))

    def all_headers(self, host: str) -> dict[str, str]:
        """With what a client and the gateway add."""
        given = {
            "host": host,
            "x-forwarded-proto": "https",
            "x-forwarded-port": "443",
            "x-forwarded-for": "203.0.113.7",
        }
        if self.body is not None:
            given |= {"content-type": "application/json", "content-length": str(len(self.body.encode()))}
        return given | dict(self.headers)


def rest_api(call: Call) -> Event:
    """API Gateway REST API, payload format 1.0.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    """
    headers = call.all_headers("abc123.execute-api.eu-central-1.amazonaws.com")
    pairs = parse_qsl(call.query, keep_blank_values=True)
    return {
        "resource": "/{proxy+}",
        "path": call.path,
        "httpMethod": call.method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": dict(pairs) or None,
        "multiValueQueryStringParameters": {name: [v for n, v in pairs if n == name] for name, _ in pairs} or None,
        "pathParameters": {"proxy": call.path.removeprefix("/")},
        "stageVariables": None,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "abc123",
            "domainName": "abc123.execute-api.eu-central-1.amazonaws.com",
            "httpMethod": call.method,
            "identity": {"sourceIp": "203.0.113.7", "userAgent": "demo"},
            "path": f"/prod{call.path}",
            "protocol": "HTTP/1.1",
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "requestTimeEpoch": int(SENT * 1000),
            "resourcePath": "/{proxy+}",
            "stage": "prod",
        },
        "body": call.body,
        "isBase64Encoded": False,
    }


def http_api(call: Call, host: str = "abc123.execute-api.eu-central-1.amazonaws.com") -> Event:
    """API Gateway HTTP API, payload format 2.0.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    event: Event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": call.path,
        "rawQueryString": call.query,
        "headers": call.all_headers(host),
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": host.partition(".")[0],
            "domainName": host,
            "domainPrefix": host.partition(".")[0],
            "http": {
                "method": call.method,
                "path": call.path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "demo",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "$default",
            "stage": "$default",
            "time": "02/Jan/2026:03:04:05 +0000",
            "timeEpoch": int(SENT * 1000),
        },
        "isBase64Encoded": False,
    }
    if call.query:
        event["queryStringParameters"] = dict(parse_qsl(call.query, keep_blank_values=True))
    if call.body is not None:
        event["body"] = call.body
    return event


def function_url(call: Call) -> Event:
    """Lambda Function URL: format 2.0 from a domain of Lambda's own.

    https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
    """
    return http_api(call, "abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-central-1.on.aws")


def alb(call: Call) -> Event:
    """Application Load Balancer, multi-value headers off.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
    """
    group = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/orders/6d0ecf831eec9f09"
    pairs = (pair.partition("=") for pair in call.query.split("&") if pair)
    return {
        "requestContext": {"elb": {"targetGroupArn": group}},
        "httpMethod": call.method,
        "path": call.path,
        "queryStringParameters": {name: value for name, _, value in pairs},  # as the client encoded them
        "headers": call.all_headers("orders-1234567890.eu-central-1.elb.amazonaws.com"),
        "body": call.body or "",
        "isBase64Encoded": False,
    }


HTTP_SOURCES: Mapping[str, Callable[[Call], Event]] = {
    "REST API (v1)": rest_api,
    "HTTP API (v2)": http_api,
    "Function URL": function_url,
    "Application Load Balancer": alb,
}


def sqs(queue: str, bodies: Mapping[str, str]) -> Event:
    """A batch of a standard queue; ``bodies`` by message id.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
    """
    return {
        "Records": [
            {
                "messageId": message_id,
                "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
                "body": body,
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": str(int(SENT * 1000)),
                    "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                    "ApproximateFirstReceiveTimestamp": str(int(SENT * 1000) + 4),
                },
                "messageAttributes": {},
                "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}",
                "awsRegion": REGION,
            }
            for message_id, body in bodies.items()
        ]
    }


def kinesis(stream: str, records: Iterable[tuple[str, str]]) -> Event:
    """A batch of one shard, from (partition key, data) pairs.

    https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
    """
    return {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": key,
                    "sequenceNumber": sequence(position),
                    "data": base64.b64encode(data.encode()).decode(),
                    "approximateArrivalTimestamp": SENT,
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"shardId-000000000006:{sequence(position)}",
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": f"arn:aws:iam::{ACCOUNT}:role/lambda-role",
                "awsRegion": REGION,
                "eventSourceARN": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{stream}",
            }
            for position, (key, data) in enumerate(records)
        ]
    }


def sequence(position: int) -> str:
    """The sequence number of the record at this place of a batch."""
    return str(49590338271490256608559692538361571095921575989136588898 + position)


def dynamodb(table: str, changes: Iterable[tuple[str, Mapping[str, Any] | None, Mapping[str, Any] | None]]) -> Event:
    """A batch of a table's stream, from (key name, old item, new item); items have strings and integers.

    https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
    """
    return {"Records": [_change(table, position, *change) for position, change in enumerate(changes)]}


def _change(table: str, position: int, key: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Event:
    kinds = {(False, True): "INSERT", (True, True): "MODIFY", (True, False): "REMOVE"}
    images = {"OldImage": old, "NewImage": new}
    item = new or old or {}
    return {
        "eventID": f"c4ca4238a0b923820dcc509a6f75849{position}",
        "eventName": kinds[old is not None, new is not None],
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": REGION,
        "dynamodb": {
            "ApproximateCreationDateTime": int(SENT),
            "Keys": _attributes({key: item[key]}),
            **{name: _attributes(image) for name, image in images.items() if image is not None},
            "SequenceNumber": str(4421584500000000017450439091 + position),
            "SizeBytes": 26,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}/stream/2026-01-01T00:00:00.000",
    }


def _attributes(item: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    return {name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in item.items()}


@dataclass(frozen=True)
class Reply:
    """An HTTP answer as a client sees it. Header names are lower-case; repeated ones are joined with ``, ``."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def reply(answer: Mapping[str, Any]) -> Reply:
    """What a gateway makes of the answer to one of the HTTP events above."""
    single: Mapping[str, str] = answer.get("headers") or {}
    repeated: Mapping[str, list[str]] = answer.get("multiValueHeaders") or {}
    cookies: list[str] = answer.get("cookies") or []
    headers = {name.lower(): value for name, value in single.items()}
    headers |= {name.lower(): ", ".join(values) for name, values in repeated.items()}
    if cookies:
        headers["set-cookie"] = ", ".join(cookies)
    text: str = answer.get("body") or ""
    body = base64.b64decode(text) if answer.get("isBase64Encoded") else text.encode()
    return Reply(answer["statusCode"], headers, body)

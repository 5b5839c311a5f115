"""VPC Lattice, event structures V1 and V2: the path with the query string in it, as the client sent them.

https://docs.aws.amazon.com/vpc-lattice/latest/ug/lambda-functions.html
https://docs.aws.amazon.com/vpc-lattice/latest/ug/http-targets.html (the headers that Lattice adds)
"""

from typing import Any, Final

from lambdaframe_adapters.testing import _authorizers, _gateway
from lambdaframe_adapters.testing.messages import Request, Response, Setup

_ARN: Final = f"arn:aws:vpc-lattice:{_gateway.REGION}:{_gateway.ACCOUNT}"

_NAMES: Final = {
    "x-forwarded-for": "x-forwarded-for",
    "x-forwarded-port": "x-forwarded-for-port",
    "x-forwarded-proto": "x-forwarded-for-proto",
}


def v1_event(request: Request, setup: Setup) -> dict[str, Any]:
    """The event in structure V1: one string for each header, repeated ones comma-joined."""
    if setup.authorizer is not None:
        _authorizers.refuse_others("lattice_v1", setup.authorizer)
    body, encoded = _gateway.request_body(request)
    return {
        "raw_path": _target(request),
        "method": request.method,
        "headers": _gateway.joined(_headers(request)),
        "query_string_parameters": dict(_parameters(request)),
        "body": body or "",
        "is_base64_encoded": encoded,
    }


def v2_event(request: Request, setup: Setup) -> dict[str, Any]:
    """The event in structure V2: a list of strings for each header."""
    identity = {"sourceVpcArn": f"arn:aws:ec2:{_gateway.REGION}:{_gateway.ACCOUNT}:vpc/vpc-0b8276c84697e7339"}
    if setup.authorizer is not None:
        _authorizers.refuse_others("lattice_v2", setup.authorizer, "iam")
        identity |= _authorizers.lattice_identity(setup.authorizer)
    body, encoded = _gateway.request_body(request)
    return {
        "version": "2.0",
        "path": _target(request),
        "method": request.method,
        "headers": _gateway.lists(_headers(request)),
        "queryStringParameters": _gateway.lists(_parameters(request)),
        "body": body or "",
        "isBase64Encoded": encoded,
        "requestContext": {
            "serviceNetworkArn": f"{_ARN}:servicenetwork/sn-0bf3f2882e9cc805a",
            "serviceArn": f"{_ARN}:service/svc-0a40eebed65f8d69c",
            "targetGroupArn": f"{_ARN}:targetgroup/tg-6d0ecf831eec9f09",
            "identity": identity,
            "region": _gateway.REGION,
            "timeEpoch": str(_gateway.EPOCH * 1000),
        },
    }


def _target(request: Request) -> str:
    return f"{request.path}?{request.query}" if request.query else request.path


def _headers(request: Request) -> _gateway.Pairs:
    told = [(_NAMES[name], value) for name, value in _gateway.forwarded(request)]
    return _gateway.replaced([(name.lower(), value) for name, value in _gateway.end_to_end(request)], told)


def _parameters(request: Request) -> _gateway.Pairs:
    parts = (part.partition("=") for part in request.query.split("&") if part)
    return [(name, value) for name, _, value in parts]


def response(request: Request, answer: Any, setup: Setup) -> Response:
    """The response of a Lattice service."""
    parts = _gateway.checked(answer)
    headers = _gateway.single_headers(parts)
    return _gateway.framed(request, parts["statusCode"], headers, _gateway.answer_body(parts))


def failure() -> Response:
    """What the client gets for a malformed answer or a failed invocation."""
    return _gateway.failure(502, "Bad Gateway", "text/plain")

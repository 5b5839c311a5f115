"""VPC Lattice, event structure V1: names in snake case, one string for each header, and no word of where it is from.

https://docs.aws.amazon.com/vpc-lattice/latest/ug/lambda-functions.html
"""

from typing import Any, Final

from lambdaframe.types import Event, LambdaContext, Scope
from lambdaframe_adapters import _http, _lattice
from lambdaframe_adapters._json import OBJECT
from lambdaframe_adapters._options import DEFAULTS, Options

name: Final = "lattice_v1"
kind: Final = "http"


def matches(event: Any) -> bool:
    """A request that has ``raw_path`` and neither a version nor a context."""
    return (
        isinstance(event, OBJECT)
        and "raw_path" in event
        and "method" in event
        and "requestContext" not in event
        and "version" not in event
        and "Records" not in event
    )


def identities(event: Event) -> tuple[str, ...]:
    """None: this structure does not tell. Register the target group for V2."""
    return ()


def scope(event: Event, context: LambdaContext | None, options: Options = DEFAULTS) -> Scope:
    """The ASGI scope; see ``sources.HTTPSource``."""
    return _lattice.scope(
        event,
        context,
        options,
        target=event["raw_path"],
        parameters=event.get("query_string_parameters"),
        headers=_http.header_pairs(event.get("headers")),
        authorizer=None,
    )


def body(event: Event) -> bytes:
    """The body; see ``sources.HTTPSource``."""
    return _http.octets(event.get("body"), event.get("is_base64_encoded"))


response = _lattice.response
answer_limit = _lattice.answer_limit

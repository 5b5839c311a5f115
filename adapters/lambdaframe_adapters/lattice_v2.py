"""VPC Lattice, event structure V2. It says version 2.0, as HTTP APIs do, and is told from them by its context.

https://docs.aws.amazon.com/vpc-lattice/latest/ug/lambda-functions.html
"""

from typing import Any, Final

from lambdaframe.types import Event, LambdaContext, Scope
from lambdaframe_adapters import _http, _lattice
from lambdaframe_adapters._authorizer import in_lattice
from lambdaframe_adapters._identity import identities as identities_of
from lambdaframe_adapters._json import OBJECT
from lambdaframe_adapters._options import DEFAULTS, Options

name: Final = "lattice_v2"
kind: Final = "http"


def matches(event: Any) -> bool:
    """Version 2.0 with the ARN of a Lattice service."""
    if not isinstance(event, OBJECT) or event.get("version") != "2.0" or "method" not in event:
        return False
    about = event.get("requestContext")
    return isinstance(about, OBJECT) and isinstance(about.get("serviceArn"), str) and "http" not in about


def identities(event: Event) -> tuple[str, ...]:
    """The ARNs of the service and of the target group, and their accounts' ids."""
    about = event["requestContext"]
    return identities_of(about["serviceArn"], about.get("targetGroupArn"))


def scope(event: Event, context: LambdaContext | None, options: Options = DEFAULTS) -> Scope:
    """The ASGI scope; see ``sources.HTTPSource``. The caller is the IAM principal that Lattice has authenticated."""
    return _lattice.scope(
        event,
        context,
        options,
        target=event.get("path"),
        parameters=event.get("queryStringParameters"),
        headers=_http.one_cookie_header(_http.multi_header_pairs(event.get("headers") or {})),
        authorizer=in_lattice(event["requestContext"].get("identity")),
    )


body = _http.body
response = _lattice.response
answer_limit = _lattice.answer_limit

"""Where an event says that it is from: the strings that ``LambdaHandler(allow=...)`` is compared with.

ARNs: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
"""

from typing import Any


def identities(*values: Any) -> tuple[str, ...]:
    """The values that are strings, and the account id of each that is an ARN."""
    found: dict[str, None] = {}
    for value in values:
        if isinstance(value, str) and value:
            found[value] = None
            parts = value.split(":", 5)
            if parts[0] == "arn" and len(parts) == 6 and parts[4]:
                found[parts[4]] = None
    return tuple(found)

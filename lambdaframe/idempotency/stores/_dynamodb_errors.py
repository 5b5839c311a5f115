"""What AWS's client raises, in our words: unreachable, or a mistake of the configuration.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
"""

from typing import Any

from lambdaframe.errors import ConfigurationError, LambdaFrameError, StoreUnavailableError

_CREDENTIALS = "its credentials are refused; look at the role, the profile or the AWS_* variables of this process"

_FORBIDDEN = "the role of this process may not do this; give it the policy of the documentation"

_MISTAKES = {
    "403": _FORBIDDEN,  # from something before DynamoDB that does not speak its language
    "AccessDeniedException": _FORBIDDEN,
    "ExpiredTokenException": _CREDENTIALS,
    "IncompleteSignatureException": _CREDENTIALS,
    "InvalidClientTokenId": _CREDENTIALS,
    "InvalidSignatureException": _CREDENTIALS,
    "MissingAuthenticationTokenException": _CREDENTIALS,
    "OptInRequired": _CREDENTIALS,
    "UnrecognizedClientException": _CREDENTIALS,
    "ResourceNotFoundException": (
        "it is not there, or not active yet; look at its name and region, or let it be made with create_table=True"
    ),
    "ValidationException": "the request does not fit it",
}
"""Codes of answers that no repetition changes. All others may be different in a moment."""

_WRONG_KEY = ("key element does not match the schema", "number of conditions on the keys", "Missing the key")


def code_of(error: BaseException) -> str:
    """AWS's name for the error; empty where there was no answer."""
    return str(_detail(error).get("Code", ""))


def failures() -> tuple[type[Exception], ...]:
    """What a call to AWS may raise: an answer that says no, or no answer."""
    from botocore.exceptions import (  # type: ignore[import-untyped]  # pyright: ignore -- it has no types
        BotoCoreError,
        ClientError,
    )

    return (ClientError, BotoCoreError, OSError, TimeoutError)


def translated(error: Exception, name: str, move: str, keys: str) -> LambdaFrameError:
    """StoreUnavailableError or ConfigurationError. ``name``: of the table, in words. ``keys``: those it must have."""
    from botocore import exceptions  # type: ignore[import-untyped]  # pyright: ignore -- it has no types

    code, said = code_of(error), _detail(error).get("Message", "")
    if code in _MISTAKES:
        advice = _MISTAKES[code]
        if code == "ValidationException" and any(sign in said for sign in _WRONG_KEY):
            advice = f"its keys are others than {keys}"
        return ConfigurationError(f"{name}: {advice} ({code} to {move}: {said}).")
    if isinstance(error, exceptions.NoRegionError):
        return ConfigurationError(f"No region is known for {name}: give region_name= or set AWS_DEFAULT_REGION.")
    if isinstance(error, exceptions.NoCredentialsError):
        return ConfigurationError(
            f"No credentials are known for {name}: this process has no role, profile or AWS_* key."
        )
    transient: Any = (
        exceptions.HTTPClientError,
        exceptions.ConnectionError,
        exceptions.CredentialRetrievalError,
        exceptions.MetadataRetrievalError,
    )
    if isinstance(error, exceptions.BotoCoreError) and not isinstance(error, transient):
        return ConfigurationError(f"{name} can't be asked to {move}: {error}")
    return StoreUnavailableError(name, move, error)


def _detail(error: BaseException) -> dict[str, Any]:
    answer: Any = getattr(error, "response", None)
    detail: Any = answer.get("Error") if isinstance(answer, dict) else None  # pyright: ignore -- botocore has no types
    return detail if isinstance(detail, dict) else {}  # pyright: ignore[reportUnknownVariableType] -- as above

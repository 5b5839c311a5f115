"""What redis-py raises, in our words: unreachable for the moment, or a mistake of the configuration."""

import ssl
from collections.abc import Iterator, Mapping

from redis.exceptions import AuthenticationError, AuthorizationError

from lambdaframe.errors import ConfigurationError, LambdaFrameError, StoreUnavailableError

_PERMISSION = "its user may not run a command that the store needs; the page on RedisStore names them"

_MISTAKES: Mapping[str, str] = {
    "NOPERM": _PERMISSION,
    "can't run this command": _PERMISSION,
    "ACL failure": _PERMISSION,
    "WRONGTYPE": "a key of another program stands where a record should be; choose another prefix=",
    "cluster support disabled": "it is no cluster; write redis:// or rediss://",
    "unknown command": "it lacks a command that the store needs: it is older than 6.2, or has it switched off",
    "Unknown Redis command": "it lacks a command that the store needs: it is older than 6.2, or has it switched off",
    "DB index": "it has no database of this number",
    "NOPROTO": "it does not know this version of the protocol; leave out protocol=",
}
"""What an answer may say that no repetition changes. All others may be different in a moment."""


def translated(error: Exception, name: str, move: str, *, cluster: bool) -> LambdaFrameError:
    """StoreUnavailableError or ConfigurationError. ``name``: of the server, in words."""
    if isinstance(error, AuthenticationError | AuthorizationError):
        return ConfigurationError(f"{name} refuses the user name or the password of this store: {error}")
    said = f"{getattr(error, 'status_code', None) or ''} {error}"
    for sign, advice in _MISTAKES.items():
        if sign in said:
            return ConfigurationError(f"{name}: {advice} ({said.strip()}).")
    if "MOVED" in said and not cluster:
        return ConfigurationError(f"{name} is a node of a cluster: write redis+cluster:// or rediss+cluster://.")
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(error)):
        return ConfigurationError(
            f"{name} shows a certificate that is not trusted: give the file of its authority as ssl_ca_certs= in the "
            f"URL ({error})."
        )
    return StoreUnavailableError(name, move, error)


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__

"""``App(debug=True)``: what went wrong, shown to the developer at the same machine, and to nobody else.

A trace tells files and source code, so it is shown only where all of this holds: the process does not run in Lambda
and the request came through no event; the client's address is a loopback one; and no proxy has passed the request on,
behind which the client might be anywhere. A client without an address (a Unix socket, which proxies use) is not local.
Starlette's TestClient is in this process, and known by the extension that no server offers.

Values of variables are never shown, so that there is nothing to be hidden among them. The exception's message is.
"""

import os
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from itertools import islice
from traceback import extract_tb
from typing import Any, cast

from lambdaframe.http.answers.problems import problem
from lambdaframe.http.answers.responses import Answer
from lambdaframe.http.middleware.accept import weights
from lambdaframe.types import Scope

_IN_LAMBDA = ("AWS_LAMBDA_RUNTIME_API", "AWS_LAMBDA_FUNCTION_NAME")
_FORWARDED = frozenset({b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip"})
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"

_JSON = ("application/json", "application/problem+json")
_MOST_FRAMES = 60
_MOST_ERRORS = 20

_Error = Mapping[str, Any]
"""One exception: ``exception`` (class), ``message``, ``traceback`` (frames, the innermost last) and ``relation``."""


def is_local(scope: Scope) -> bool:
    """Whether the client is the developer at this machine."""
    extensions: Mapping[str, Any] = scope.get("extensions") or {}
    if "lambda" in extensions or any(name in os.environ for name in _IN_LAMBDA):
        return False
    if any(name in _FORWARDED for name, _ in scope["headers"]):
        return False
    host = (scope.get("client") or ("",))[0]
    if host == "testclient":
        return "http.response.debug" in extensions
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def trace_of(exc: Exception, scope: Scope) -> Answer:
    """A 500 with the trace: a page for a browser, else a problem with the members ``exception``, ``message``,
    ``traceback`` (frames ``{file, line, function, code}``, the innermost last) and ``causes``, the nearest first, which
    have the same members and ``relation``: ``"cause"``, ``"context"`` or ``"member"`` of a group."""
    first, *causes = islice(_errors(exc, None, set()), _MOST_ERRORS)
    if _prefers_html(scope):
        return _page(f"{scope['method']} {scope['path']}", [first, *causes])
    members = {name: value for name, value in first.items() if name != "relation"}
    return problem(500, None, {"cache-control": "no-store"}, **members, causes=causes)


def _errors(exc: BaseException, relation: str | None, seen: set[int]) -> Iterator[_Error]:
    seen.add(id(exc))
    kind = type(exc)
    yield {
        "exception": kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}",
        "message": _message(exc),
        "traceback": [
            {
                "file": _text(frame.filename),
                "line": frame.lineno,
                "function": frame.name,
                "code": _text(frame.line or ""),
            }
            for frame in extract_tb(exc.__traceback__)[-_MOST_FRAMES:]
        ],
        "relation": relation,
    }
    before: list[tuple[str, BaseException | None]] = [("cause", exc.__cause__)]
    if not exc.__suppress_context__:
        before.append(("context", exc.__context__))
    if isinstance(exc, BaseExceptionGroup):
        before += [("member", member) for member in cast("BaseExceptionGroup[BaseException]", exc).exceptions]
    for relation_of, other in before:
        if other is not None and id(other) not in seen:
            yield from _errors(other, relation_of, seen)


def _message(exc: BaseException) -> str:
    try:
        return _text("\n".join([str(exc), *getattr(exc, "__notes__", ())]))
    except Exception:
        return "(its message can't be had: __str__ failed)"


def _text(value: str) -> str:
    """Without lone surrogates, which JSON in UTF-8 can't have."""
    return value.encode("utf-8", "backslashreplace").decode()


def _prefers_html(scope: Scope) -> bool:
    accepted = weights(b",".join(value for name, value in scope["headers"] if name == b"accept").decode("latin-1"))
    return accepted.get("text/html", 0.0) > max(accepted.get(kind, 0.0) for kind in _JSON)


# The page

_TITLES = {
    None: "",
    "cause": "caused by",
    "context": "while handling",
    "member": "one of the group",
}

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }}
h1 {{ font-size: 1.3rem; margin-bottom: 0; overflow-wrap: anywhere; }} h1 small {{ font-weight: normal; }}
ol {{ list-style: none; padding: 0; }} li {{ border-left: 3px solid #c33; margin: .6rem 0; padding-left: .8rem; }}
pre {{ margin: 0; overflow-x: auto; }} footer, small {{ color: #777; }} pre.message {{ white-space: pre-wrap; }}
</style></head><body><p>{request}</p>{errors}
<footer>Shown because the application runs with debug=True. Never deployed: Lambda answers a bare 500.</footer>
</body></html>"""


def _page(request: str, errors: list[_Error]) -> Answer:
    from html import escape

    def frame(one: Mapping[str, Any]) -> str:
        where = f"{one['file']}, line {one['line']}, in {one['function']}"
        return f"<li>{escape(where)}<pre>{escape(one['code'])}</pre></li>"

    def section(one: _Error) -> str:
        frames = "".join(map(frame, reversed(one["traceback"])))
        title = f"<h1><small>{_TITLES[one['relation']]}</small> {escape(one['exception'])}</h1>"
        return f'<section>{title}<pre class="message">{escape(one["message"])}</pre><ol>{frames}</ol></section>'

    body = _PAGE.format(
        title=escape(str(errors[0]["exception"])), request=escape(request), errors="".join(map(section, errors))
    ).encode("utf-8", "backslashreplace")
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
        (b"content-security-policy", _POLICY.encode()),
        (b"cache-control", b"no-store"),
    ]
    return Answer(500, headers, body)

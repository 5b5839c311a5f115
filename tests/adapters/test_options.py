"""The options of HTTP sources are checked when the handler is built."""

from typing import Any

import pytest

from lambdaframe.errors import ConfigurationError
from lambdaframe_adapters._options import DEFAULTS, checked

MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"base_path": "v1"}, "as in '/v1'; not 'v1'"),
    ({"base_path": "/v1/"}, "as in '/v1'"),
    ({"base_path": "/"}, "as in '/v1'"),
    ({"base_path": None}, "as in '/v1'"),
    ({"max_body_size": -1}, "number of bytes"),
    ({"max_body_size": "1 MB"}, "number of bytes"),
    ({"max_body_size": True}, "number of bytes"),
    ({"trusted_hops": -1}, "in front of the gateway, not -1"),
    ({"trusted_hops": 1.0}, "in front of the gateway"),
    ({"trusted_hops": None}, "in front of the gateway"),
    ({"text_mime_types": "text/x"}, r"text_mime_types takes a list of strings, as in \['application/x-ndjson'\]"),
    ({"text_mime_types": None}, "takes a list of strings"),
    ({"text_mime_types": [5]}, "takes a list of strings"),
    ({"text_mime_types": ["text/"]}, "'text/' is none"),
    ({"text_mime_types": ["yaml"]}, "'yaml' is none"),
    ({"text_mime_types": ["text/x; charset=utf-8"]}, "is none"),
    ({"exclude_headers": "server"}, "takes a list of strings"),
    ({"exclude_headers": ["x y"]}, "'x y' is none"),
    ({"exclude_headers": ["x-a:"]}, "is none"),
    ({"exclude_headers": [b"server"]}, "takes a list of strings"),
]


@pytest.mark.parametrize(("options", "said"), MISTAKES)
def test_a_mistake_says_what_to_write_instead(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        checked(**options)


def test_nothing_given_is_the_default() -> None:
    assert checked() == DEFAULTS


def test_any_iterable_of_strings_will_do() -> None:
    options = checked(exclude_headers=(name for name in ["Server", "X-Internal-*"]), text_mime_types={"a/b"})
    assert options.excluded_headers is not None
    found = [
        name
        for name in (b"server", b"x-internal-a", b"x-internal", b"servers")
        if options.excluded_headers.fullmatch(name)
    ]
    assert found == [b"server", b"x-internal-a"]

"""Credentials in texts: hidden where they stand, whatever the key; what only looks similar is not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdaframe.errors import ConfigurationError
from lambdaframe.logging import bind, bound, configure, logger
from lambdaframe.logging.secrets import Secrets
from tests.logging.written import Written, invocation

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAK\n-----END RSA PRIVATE KEY-----"

HIDDEN = [
    (f"the token is {JWT}.", "the token is *****."),
    ("Authorization: Bearer abc123abc123abc123", "Authorization: *****"),
    ("sent with bearer abc123abc123abc123-_", "sent with *****"),
    ("authorization=Basic dXNlcjpwYXNz, next", "authorization=*****, next"),
    ("key AKIAIOSFODNN7EXAMPLE used", "key ***** used"),
    ("redis://user:pass@host:6379/0", "redis://*****@host:6379/0"),
    ("redis://:pass@host:6379/0", "redis://*****@host:6379/0"),
    ("GET https://api/x?token=abc&page=2", "GET https://api/x?token=*****&page=2"),
    ("host=db password=geheim user=me", "host=db password=***** user=me"),
    ("https://idp/cb?client_secret=s3cr3t", "https://idp/cb?client_secret=*****"),
    (f"loaded {KEY} from disk", "loaded ***** from disk"),
]
SHOWN = [
    "order accepted",
    "mail to someone@example.org",
    "the bearer of this letter is informed",
    "basic information about the order",
    "a=b, c=d",
    "eyJ is how it begins",
    "https://example.org/@me/page",
    "postgres://host/db?sslmode=require",
]


@pytest.mark.parametrize(("text", "expected"), HIDDEN)
def test_a_credential_in_a_text_is_hidden(text: str, expected: str, written: Written) -> None:
    logger.info(text)
    logger.info("field", note=text)
    logger.info("nested", note={"deep": [text]})
    with invocation(request_id="r"):
        bind(note=text)
        logger.info("bound")
    try:
        raise ValueError(text)
    except ValueError:
        logger.exception("raised")
    first, field, nested, of_context, raised = written.lines
    assert (first["message"], field["note"], nested["note"]) == (expected, expected, {"deep": [expected]})
    assert of_context["note"] == expected
    assert raised["stack_trace"]["value"] == expected
    assert raised["exception"].endswith(expected)


@pytest.mark.parametrize("text", SHOWN)
def test_what_only_looks_like_one_is_shown(text: str, written: Written) -> None:
    logger.info(text, note=text)
    assert (written.line["message"], written.line["note"]) == (text, text)


def test_patterns_of_the_applications_own(written: Written) -> None:
    configure(redact_patterns=[r"\b\d{4}-\d{4}-\d{4}-\d{4}\b", "IBAN [A-Z0-9]+"])
    with bound(card="1111-2222-3333-4444"):
        logger.info("paid by 1111-2222-3333-4444 or IBAN DE02", amount=1111222233334444, parts=["IBAN X1"])
    assert written.line["message"] == "paid by ***** or *****"
    assert (written.line["card"], written.line["amount"], written.line["parts"]) == (
        "*****",
        1111222233334444,
        ["*****"],
    )


def test_a_pattern_that_is_none() -> None:
    with pytest.raises(ConfigurationError, match="redact_patterns takes regular expressions"):
        configure(redact_patterns=["("])


def test_a_list_is_wanted() -> None:
    with pytest.raises(ConfigurationError, match="redact_patterns takes a list"):
        configure(redact_patterns="x")


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_scrubbing_changes_texts_only(value: object) -> None:
    scrubbed = Secrets().scrub(value)
    assert json.dumps(Secrets().scrub(scrubbed)) == json.dumps(scrubbed)

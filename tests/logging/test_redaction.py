"""Credentials are hidden by the name of their key, wherever it stands."""

import string
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from lambdaframe.logging import bind, configure, logger
from lambdaframe.logging.processors import Entry
from lambdaframe.logging.redaction import Credentials
from lambdaframe.logging.values import MASK
from tests.logging.written import Written

SECRET = "s3cr3t"

CREDENTIALS = """
authorization Authorization Proxy-Authorization cookie Set-Cookie x-api-key X-API-Key apiKey api_key
password PASSWORD db_password userPassword passwd passphrase secret clientSecret client.secret
aws_secret_access_key x-amz-security-token accessToken refresh_token id~token GITHUB_TOKEN
private_key credentials jwt
"""

HARMLESS = """
author cookies_accepted key keyboard order_id passenger password_changed_at secretary token_count
max_tokens next_token NextToken nextPageToken fencing_token tokenizer message
"""


class Login(BaseModel):
    user: str
    password: str


@dataclass
class Client:
    client_id: str
    client_secret: str


@pytest.mark.parametrize("key", CREDENTIALS.split())
def test_keys_of_credentials(key: str) -> None:
    assert Credentials().hides(key.replace("~", " "))


@pytest.mark.parametrize("key", HARMLESS.split())
def test_keys_that_only_look_like_it(key: str) -> None:
    assert not Credentials().hides(key.replace("~", " "))


def test_the_applications_own_keys_are_whole_keys() -> None:
    credentials = Credentials(["email", "Card-Number"])
    assert all(map(credentials.hides, ["email", "EMAIL", "card_number", "cardNumber", "password"]))
    assert not any(map(credentials.hides, ["email_sent", "user_email", "number"]))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            {"headers": {"Authorization": SECRET, "accept": "*/*"}},
            {"headers": {"Authorization": MASK, "accept": "*/*"}},
        ),
        ([{"token": SECRET}, {"token": None}], [{"token": MASK}, {"token": MASK}]),
        ({"password": {"deep": [SECRET]}}, {"password": MASK}),
        ([(b"cookie", SECRET.encode()), (b"host", b"x")], [["cookie", MASK], ["host", "x"]]),
        ([["Set-Cookie", SECRET]], [["Set-Cookie", MASK]]),
        ({b"x-api-key": SECRET}, {"x-api-key": MASK}),
        (Login(user="ann", password=SECRET), {"user": "ann", "password": MASK}),
        ({"logins": (Login(user="ann", password=SECRET),)}, {"logins": [{"user": "ann", "password": MASK}]}),
        (Client("me", SECRET), {"client_id": "me", "client_secret": MASK}),
        (lambda: {"secret": SECRET}, {"secret": MASK}),
    ],
)
def test_at_any_depth(value: Any, expected: Any, written: Written) -> None:
    logger.info("hello", value=value)
    assert SECRET not in written.getvalue()
    assert written.line["value"] == expected


def test_in_fields_bound_keys_loggers_keys_and_messages(written: Written) -> None:
    bind(token=SECRET, user="ann")
    log = logger.bind(api_key=SECRET)
    for _ in range(2):
        log.info({"cookie": SECRET}, password=SECRET)
    for line in written.lines:
        assert (line["token"], line["api_key"], line["password"], line["user"]) == (MASK, MASK, MASK, "ann")
        assert line["message"] == {"cookie": MASK}


def test_in_a_message_alone(written: Written) -> None:
    logger.info({"cookie": SECRET})
    assert written.line["message"] == {"cookie": MASK}


def test_a_hidden_value_is_not_even_looked_at(written: Written) -> None:
    calls: list[int] = []
    logger.info("hello", token=lambda: calls.append(1))
    assert (calls, written.line["token"]) == ([], MASK)


def test_the_applications_list_counts_from_the_next_line_on(written: Written) -> None:
    bind(email=SECRET)
    logger.info("before")
    configure(redact=["Email"])
    logger.info("after")
    logger.info("after", nested={"EMAIL": SECRET})
    before, after, nested = written.lines
    assert (before["email"], after["email"]) == (SECRET, MASK)
    assert nested["nested"] == {"EMAIL": MASK}


def test_a_processor_adds_nothing_behind_redactions_back(written: Written) -> None:
    def add(entry: Entry) -> Entry:
        return {**entry, "token": SECRET, "login": Login(user="ann", password=SECRET)}

    configure(processors=[add])
    logger.info("hello")
    assert SECRET not in written.getvalue()


@given(
    prefix=st.text(string.ascii_lowercase, max_size=10),
    separator=st.sampled_from("-_. "),
    name=st.sampled_from(["password", "secret", "authorization", "cookie", "api-key", "client_secret"]),
    upper=st.booleans(),
)
def test_case_and_separators_make_no_difference(prefix: str, separator: str, name: str, upper: bool) -> None:
    key = f"{prefix}{separator}{name}"
    credentials = Credentials()
    for _ in range(2):
        assert credentials.hides(key.upper() if upper else key.title())


def test_keys_from_outside_do_not_pile_up() -> None:
    credentials = Credentials()
    for number in range(5_000):
        assert not credentials.hides(f"key {number}")
    assert not credentials.hides("x" * 10_000)
    assert len(credentials.known) == 1024
    assert credentials.hides("password")

"""What schemathesis reports and what is right all the same: each excuse by name, with its reason.

Schemathesis loads this module by its variable ``SCHEMATHESIS_HOOKS``. The names of the excuses that were needed are
added to the file named by the environment's ``EXCUSED``, a line for each: a test fails for one that is never needed.
"""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias, cast

import schemathesis
from schemathesis.core.failures import Failure

UNFIT_ANSWER, ACCEPTED, REJECTED = "ST108", "ST201", "ST202"
"""Schemathesis' codes; ``st explain ST108`` tells more."""

VARIABLE = "EXCUSED"


class Finding(NamedTuple):
    """A failure, as far as excuses ask. ``where``: what was made invalid, in schemathesis' words. ``url``, ``sent``: of
    the request. ``answer``: the JSON object, empty for any other answer."""

    code: str
    operation: str
    status: int
    where: str
    url: str
    sent: bytes
    answer: Mapping[str, Any]

    @property
    def detail(self) -> str:
        """Of a problem; empty where there is none."""
        return str(self.answer.get("detail", ""))

    @property
    def errors(self) -> list[dict[str, Any]]:
        """Of a problem of validation."""
        found: list[dict[str, Any]] = self.answer.get("errors", [])
        return found


# Why a valid value may be rejected: excuses for single errors of validation


def a_decimal_is_documented_as_any_text(finding: Finding, error: dict[str, Any]) -> bool:
    """pydantic's schema of Decimal is a number or any text; that its digits are limited is not in it."""
    return bool(error["loc"][-1] in {"amount", "exact"})


def a_number_among_texts_cannot_be_sent_as_text(finding: Finding, error: dict[str, Any]) -> bool:
    """``Literal["a", 3]`` and an ``Enum`` with a 7, in a path or a query: to pydantic "3" is not 3."""
    return error["type"] in {"literal_error", "enum"} and bool(error["loc"][-1] == "which")


def a_whole_float_is_no_strict_int(finding: Finding, error: dict[str, Any]) -> bool:
    """3.0 is an integer to JSON Schema, but not to pydantic's strict mode, which the models here use."""
    return bool(error["loc"][0] == "body" and error["type"] == "int_type")


def an_empty_text_is_no_body(finding: Finding, error: dict[str, Any]) -> bool:
    """HTTP does not tell an empty body from none."""
    return finding.operation == "POST /body/plain" and not finding.sent and error["type"] == "missing"


# Why an answer may be another than schemathesis expects


def an_idempotency_key_belongs_to_its_first_payload(finding: Finding) -> bool:
    """https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header: 422 for another body."""
    return finding.code == REJECTED and finding.detail.endswith("belongs to another payload.")


def text_is_read_leniently(finding: Finding) -> bool:
    """pydantic reads ``0`` as False, and as seconds since 1970 where a date is asked for."""
    return finding.code == ACCEPTED and any(name in finding.where for name in _LENIENT.get(finding.operation, ()))


def one_value_is_a_list_of_one(finding: Finding) -> bool:
    """In a form nobody can tell them apart."""
    return finding.code == ACCEPTED and any(name in finding.where for name in _LISTS.get(finding.operation, ()))


def a_lenient_model_converts(finding: Finding) -> bool:
    """pydantic's own way, where a model is not strict."""
    return finding.code == ACCEPTED and finding.operation == "POST /body/lenient"


def a_set_drops_what_comes_twice(finding: Finding) -> bool:
    """pydantic documents a set as a list of unique items, and takes any list."""
    return finding.code == ACCEPTED and ("Non-unique items" in finding.where or "`uniqueItems`" in finding.where)


def what_nobody_asked_for_is_ignored(finding: Finding) -> bool:
    """Headers and cookies of other names. Schemathesis allows for them, but not beside a number."""
    return finding.code == ACCEPTED and finding.where.endswith(
        ("in header - object with unexpected properties", "in cookie - object with unexpected properties")
    )


def a_form_holds_texts_and_files(finding: Finding) -> bool:
    """What is meant to be no text is sent as text, and any bytes are a file."""
    meant = ("was string, became", "violates `format` at /properties/documents/items")
    return finding.code == ACCEPTED and "/form/file" in finding.operation and any(map(finding.where.count, meant))


def an_empty_form_field_is_not_filled_in(finding: Finding) -> bool:
    """A browser sends the fields that nobody touched, too."""
    return finding.code == ACCEPTED and finding.operation == "POST /form/fields" and b"colour=&" in finding.sent + b"&"


def a_gateway_ends_the_path_at_a_question_mark(finding: Finding) -> bool:
    """Also where it was escaped: ``path_question_mark`` of ``lambdaframe_adapters.testing.LOSSES``."""
    return finding.code == ACCEPTED and "in path" in finding.where and "%3F" in finding.url


def pydantic_writes_years_and_days(finding: Finding) -> bool:
    """``P8567Y118D`` is how pydantic writes a long timedelta; RFC 3339 wants months between."""
    return finding.code == UNFIT_ANSWER and finding.operation == "POST /body/times" and "duration" in finding.where


_LENIENT: Final[Mapping[str, tuple[str, ...]]] = {
    "GET /path/mixed/v{major}.{minor}/{day}": ("`day` in path",),
    "GET /query/model": ("`since` in query",),
    "GET /query/texts": ("`day` in query", "`at` in query"),
    "POST /form/fields": ("agreed",),
    "POST /form/model": ("remember",),
}

_LISTS: Final[Mapping[str, tuple[str, ...]]] = {
    "POST /form/fields": ("tags: Incorrect type",),
    "POST /form/model": ("scopes: Incorrect type",),
}

OfError: TypeAlias = Callable[[Finding, dict[str, Any]], bool]
OfAnswer: TypeAlias = Callable[[Finding], bool]

OF_ERRORS: Final[tuple[OfError, ...]] = (
    a_decimal_is_documented_as_any_text,
    a_number_among_texts_cannot_be_sent_as_text,
    a_whole_float_is_no_strict_int,
    an_empty_text_is_no_body,
)
OF_ANSWERS: Final[tuple[OfAnswer, ...]] = (
    an_idempotency_key_belongs_to_its_first_payload,
    text_is_read_leniently,
    one_value_is_a_list_of_one,
    a_lenient_model_converts,
    a_set_drops_what_comes_twice,
    what_nobody_asked_for_is_ignored,
    a_form_holds_texts_and_files,
    an_empty_form_field_is_not_filled_in,
    a_gateway_ends_the_path_at_a_question_mark,
    pydantic_writes_years_and_days,
)


EVERY: Final = (*OF_ERRORS, *OF_ANSWERS)
RARE: Final = frozenset(
    {
        "a_form_holds_texts_and_files",
        "an_empty_form_field_is_not_filled_in",
        "a_gateway_ends_the_path_at_a_question_mark",
    }
)
"""Found by many requests only, so that it is no wonder if they are not needed."""


def excused(finding: Finding) -> list[str]:
    """The names of the excuses, empty for a failure. A rejection needs one for each of its errors."""
    for excuse in OF_ANSWERS:
        if excuse(finding):
            return [excuse.__name__]
    if finding.code != REJECTED:
        return []
    names = [[one.__name__ for one in OF_ERRORS if one(finding, error)][:1] for error in finding.errors]
    return [name for found in names for name in found] if all(names) else []


def filter_failure(
    context: schemathesis.HookContext, failure: Failure, case: schemathesis.Case[Any], response: schemathesis.Response
) -> bool:
    """Schemathesis' hook: whether the failure stands."""
    where = failure.message.partition("Invalid component: ")[2] if failure.code == ACCEPTED else failure.message
    sent: Any = response.request.body or b""
    finding = Finding(
        failure.code,
        case.operation.label,
        response.status_code,
        where,
        str(response.request.url),
        sent.encode() if isinstance(sent, str) else sent,
        _object(response.content),
    )
    names = excused(finding)
    with Path(os.environ[VARIABLE]).open("a") as file:
        file.writelines(f"{name}\n" for name in names)
    return not names


def _object(content: bytes) -> dict[str, Any]:
    try:
        found: Any = json.loads(content)
    except ValueError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


if VARIABLE in os.environ:
    schemathesis.hook(filter_failure)  # pyright: ignore[reportUnknownMemberType]  it takes callables of any kind

"""The layout by itself: how items read, and that a condition holds exactly where the table allows the move."""

import re
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lambdaframe.idempotency.stores.powertools_layout import PowertoolsLayout
from lambdaframe.idempotency.transitions import (
    ABSENT,
    NOTHING,
    SKEW_MS,
    TABLE,
    Claim,
    Entry,
    Move,
    Outcome,
    allowed,
)
from tests.idempotency.powertools.shared import SharedTable

NOW = 1_800_000_000_500
SECOND = NOW // 1_000
END = SECOND * 1_000 + 999
CLAIM = Claim("k", "me", "x", 30_000, 90_000)
LAYOUT = PowertoolsLayout()


def item(status: str, **attributes: Any) -> dict[str, Any]:
    """An item of the key ``k``: texts, numbers and bytes as DynamoDB sends them, None as NULL."""
    kinds = {str: "S", int: "N", bytes: "B"}
    values = {"id": "k", "status": status, "expiration": SECOND, **attributes}
    return {
        name: {"NULL": True} if value is None else {kinds[type(value)]: str(value) if type(value) is int else value}
        for name, value in values.items()
    }


OURS = {"owner": "me", "gen": 7, "lease_until": NOW, "validation": "x"}
COMMON = Entry(owner="me", gen=7, lease_until=NOW, fingerprint="x", expires=END, ttl=SECOND)
THEIRS = Entry(lease_until=END, fingerprint="x", expires=END, ttl=SECOND)


def sealed(data: str) -> dict[str, str]:
    return {"data": data, "digest": sha256(data.encode()).hexdigest()}


READINGS: dict[str, tuple[dict[str, Any], Entry]] = {
    "nothing": ({}, ABSENT),
    "theirs, running": (
        item("INPROGRESS", in_progress_expiration=NOW + 5, validation="y"),
        THEIRS._replace(state="R", lease_until=NOW + 5, fingerprint="y"),
    ),
    "theirs, running, no end known": (item("INPROGRESS"), THEIRS._replace(state="R")),
    "theirs, done": (
        item("COMPLETED", in_progress_expiration=NOW, data='{"a": 1}'),
        THEIRS._replace(state="D", lease_until=NOW, result=b'{"a": 1}', kind="ok"),
    ),
    "theirs, done, None": (item("COMPLETED", data="null"), THEIRS._replace(state="D", result=b"null", kind="ok")),
    "theirs, no data": (item("COMPLETED"), THEIRS._replace(state="D", result=b"null", kind="ok")),
    "theirs, data NULL": (item("COMPLETED", data=None), THEIRS._replace(state="D", result=b"null", kind="ok")),
    "theirs, data empty": (item("COMPLETED", data=""), THEIRS._replace(state="D", result=b"null", kind="ok")),
    "data of another kind": (
        item("COMPLETED", data=b"{}"),
        THEIRS._replace(state="D", result=b"its data is no text but B", kind="omitted"),
    ),
    "EXPIRED": (item("EXPIRED", data="1", in_progress_expiration=1), THEIRS._replace(state="R")),
    "a status of tomorrow": (item("PAUSED", **OURS), COMMON._replace(state="R", owner="", lease_until=END)),
    "no status": ({"id": {"S": "k"}}, Entry("R", lease_until=999, fingerprint="x", expires=999)),
    "ours, running": (item("INPROGRESS", in_progress_expiration=NOW + 1_000, **OURS), COMMON._replace(state="R")),
    "ours, running, not for them": (item("INPROGRESS", **OURS), COMMON._replace(state="R")),
    "ours, free": (item("INPROGRESS", in_progress_expiration=0, **OURS), COMMON._replace(state="F")),
    "ours, done": (item("COMPLETED", **sealed("[1]"), **OURS), COMMON._replace(state="D", result=b"[1]", kind="ok")),
    "ours, then their late result": (
        item("COMPLETED", **(sealed("[1]") | {"data": "[2]"}), **OURS),
        COMMON._replace(state="D", owner="", result=b"[2]", kind="ok"),
    ),
    "ours, running, then their late result": (
        item("COMPLETED", data="[2]", in_progress_expiration=NOW, **OURS),
        COMMON._replace(state="D", owner="", result=b"[2]", kind="ok"),
    ),
    "ours, final error": (
        item("FINAL_ERROR", result=b"{}", **OURS),
        COMMON._replace(state="D", result=b"{}", kind="error"),
    ),
    "ours, final error, then their late result": (
        item("COMPLETED", result=b"{}", data="1", **OURS),
        COMMON._replace(state="D", owner="", result=b"1", kind="ok"),
    ),
    "ours, omitted": (
        item("RESULT_OMITTED", result=b"too long", **OURS),
        COMMON._replace(state="D", result=b"too long", kind="omitted"),
    ),
    "ours, no JSON": (
        item("RESULT_NOT_JSON", result=b"\xff", **OURS),
        COMMON._replace(state="D", result=b"\xff", kind="ok"),
    ),
}


@pytest.mark.parametrize(("stored", "entry"), READINGS.values(), ids=READINGS)
def test_how_an_item_reads(stored: dict[str, Any], entry: Entry) -> None:
    assert LAYOUT.entry(stored, CLAIM) == entry


JSON_TEXTS = [b"1", b'{"a":"\xc3\xa9"}', b"NaN", b'"\\ud800"', b"1180591620717411303424", b"null"]
NO_JSON = [b"", b"\xff", b'[201,[]]\n{"id":1}', b"{'a': 1}", b"[" * 200_000, '{"a":1}'.encode("utf-16")]


@pytest.mark.parametrize("result", [*JSON_TEXTS, *NO_JSON], ids=lambda result: repr(result[:20]))
def test_only_json_is_written_as_a_result_of_theirs(table: SharedTable, result: bytes) -> None:
    reply = table.run(table.store.acquire(CLAIM))
    done = table.run(table.store.complete(CLAIM.granted(reply.entry.gen), Outcome("ok", result)))
    assert (done.entry.kind, done.entry.result) == ("ok", result)
    stored = table.item()
    assert stored["status"]["S"] == ("COMPLETED" if result in JSON_TEXTS else "RESULT_NOT_JSON")
    assert ("data" in stored) == (result in JSON_TEXTS)


# Conditions


@pytest.mark.parametrize("takeover", [True, False])
@pytest.mark.parametrize("kind", ["ok", "error", "omitted"])
@pytest.mark.parametrize("move", TABLE)
def test_an_update_gives_what_its_expressions_name(move: Move, kind: Any, takeover: bool) -> None:
    """DynamoDB refuses a name or a value that is not used, which moto does not."""
    update = LAYOUT.update(move, CLAIM._replace(takeover=takeover), Outcome(kind, b"1"), NOW)
    expressions = f"{update['UpdateExpression']} {update['ConditionExpression']}"
    assert set(update["ExpressionAttributeNames"]) == set(re.findall(r"#\w+", expressions))
    assert set(update["ExpressionAttributeValues"]) == set(re.findall(r":\w+", expressions))


MARGINS = (-SKEW_MS - 1, -SKEW_MS - 1, -SKEW_MS, -1, 0, 1)
TIMES = st.sampled_from([NOW + margin for margin in MARGINS])
STATUSES = (
    ["INPROGRESS"] * 8 + ["COMPLETED"] * 3 + ["FINAL_ERROR", "RESULT_OMITTED", "RESULT_NOT_JSON", "EXPIRED", "PAUSED"]
)


@st.composite
def items(draw: st.DrawFn) -> dict[str, Any]:
    """Whatever either of them leaves behind, at every boundary."""
    attributes: dict[str, Any] = {"expiration": draw(st.sampled_from([SECOND - 1, SECOND, SECOND + 60, SECOND + 60]))}
    status = draw(st.sampled_from(STATUSES))
    taken_at = draw(st.none() | st.just(0) | TIMES)
    if taken_at is not None:
        attributes["in_progress_expiration"] = taken_at
    if (fingerprint := draw(st.sampled_from(["x", "x", "y", ""]))) != "":
        attributes["validation"] = fingerprint
    if draw(st.booleans()):
        attributes |= {"owner": draw(st.sampled_from(["me", "you"])), "gen": draw(st.sampled_from([6, 7]))}
        attributes["lease_until"] = draw(TIMES)
    if status == "COMPLETED":
        attributes |= sealed("[1]")
        attributes["data"] = draw(st.sampled_from(["[1]", "[2]"]))
    elif status in {"FINAL_ERROR", "RESULT_OMITTED", "RESULT_NOT_JSON"}:
        attributes["result"] = b"why"
    return item(status, **attributes)


NOTHING_THERE: dict[str, Any] = {}
RUNNING = {**OURS, "expiration": SECOND + 60}
LAPSED = NOW - SKEW_MS - 1


@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    stored=st.just(NOTHING_THERE) | items(),
    move=st.sampled_from(["acquire", "acquire", "acquire", "complete", "release", "extend"]),
    takeover=st.booleans(),
    kind=st.sampled_from(["ok", "error", "omitted"]),
)
@example(item("INPROGRESS", in_progress_expiration=LAPSED, expiration=SECOND + 60), "acquire", True, "ok")
@example(item("INPROGRESS", in_progress_expiration=LAPSED + 1, expiration=SECOND + 60), "acquire", True, "ok")
@example(item("INPROGRESS", **RUNNING, in_progress_expiration=LAPSED), "acquire", True, "ok")
@example(item("INPROGRESS", **RUNNING | {"owner": "you", "lease_until": LAPSED}), "acquire", True, "ok")
def test_a_move_is_written_exactly_where_the_transition_table_allows_it(
    table: SharedTable, stored: dict[str, Any], move: Move, takeover: bool, kind: Any
) -> None:
    table.client.delete_item(TableName=table.name, Key={"id": {"S": "k"}})
    if stored:
        table.client.put_item(TableName=table.name, Item=stored)
    claim = CLAIM._replace(takeover=takeover, gen=0 if move == "acquire" else 7)
    outcome = Outcome(kind, b"[3]") if move == "complete" else NOTHING
    entry = LAYOUT.entry(stored, claim)
    refused = table.client.exceptions.ConditionalCheckFailedException
    try:
        update = LAYOUT.update(move, claim, outcome, NOW)
        written = table.client.update_item(TableName=table.name, ReturnValues="ALL_NEW", **update)["Attributes"]
    except refused:
        assert not allowed(TABLE[move], entry, claim, NOW)
        assert table.items() == ([stored] if stored else [])
        return
    assert allowed(TABLE[move], entry, claim, NOW)
    expected = TABLE[move].write(entry, claim, outcome, NOW)
    if move == "acquire":
        assert LAYOUT.took_over(written) == (entry.state == "R" and stored["status"]["S"] == "INPROGRESS")
        if "gen" not in stored:
            expected = expected._replace(gen=NOW)
    if move != "release":
        seconds = (NOW + claim.retention_ms) // 1_000
        expected = expected._replace(expires=seconds * 1_000 + 999, ttl=seconds)
    assert LAYOUT.entry(written, claim) == expected
    assert ("data" in written) == (expected.kind == "ok")
    if move in {"acquire", "extend"}:
        assert ("in_progress_expiration" in written) == takeover

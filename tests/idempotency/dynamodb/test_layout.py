"""The layout as pure data: the request of every move, and an item as an entry."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from lambdaframe.idempotency.stores.dynamodb_layout import OwnLayout
from lambdaframe.idempotency.transitions import ABSENT, NOTHING, Claim, Entry, Move, Outcome

CLAIM = Claim("key", "owner", "payload", lease_ms=5_000, retention_ms=20_000)
HELD = CLAIM.granted(1_800_000_000_000)
NOW = 1_800_000_000_500
MOVES: dict[str, tuple[Move, Claim, Outcome]] = {
    "acquire": ("acquire", CLAIM, NOTHING),
    "acquire, on_expiry=reject": ("acquire", CLAIM._replace(takeover=False), NOTHING),
    "complete": ("complete", HELD, Outcome("ok", b'{"id": 7}')),
    "complete, omitted": ("complete", HELD, Outcome("omitted", b"too long")),
    "release": ("release", HELD, NOTHING),
    "extend": ("extend", HELD, NOTHING),
}
GRAMMAR = {"SET", "REMOVE", "AND", "OR", "attribute_not_exists", "if_not_exists"}


def request_for(name: str) -> Any:
    move, claim, outcome = MOVES[name]
    return OwnLayout().update(move, claim, outcome, NOW)


@pytest.mark.parametrize("name", MOVES)
def test_the_request_of_a_move(name: str) -> None:
    golden = json.loads(Path(__file__).with_name("requests.json").read_text())
    assert set(golden) == set(MOVES)
    assert json.loads(json.dumps(request_for(name), default=bytes.decode)) == golden[name]


@pytest.mark.parametrize("name", MOVES)
def test_dynamodb_takes_the_expressions(name: str) -> None:
    """It refuses a name or value that is not used, and a reserved word (``state``, ``owner``, ``ttl`` are some)."""
    request = request_for(name)
    text = f"{request['UpdateExpression']} {request['ConditionExpression']}"
    assert set(re.findall(r"#\w+", text)) == set(request["ExpressionAttributeNames"])
    assert set(re.findall(r":\w+", text)) == set(request["ExpressionAttributeValues"])
    assert set(re.findall(r"(?<![#:\w])[A-Za-z_]\w*", text)) <= GRAMMAR


def test_an_item_is_an_entry() -> None:
    item = {
        "id": {"S": "key"},
        "state": {"S": "D"},
        "owner": {"S": "owner"},
        "gen": {"N": "1800000000000"},
        "lease_until": {"N": "1800000005000"},
        "fingerprint": {"S": "payload"},
        "expires": {"N": "1800000020000"},
        "ttl": {"N": "1800086420"},
        "result": {"B": b"\x00\xff"},
        "kind": {"S": "ok"},
        "previous": {"S": "R"},
    }
    layout = OwnLayout()
    expected = Entry(
        "D",
        "owner",
        1_800_000_000_000,
        1_800_000_005_000,
        "payload",
        1_800_000_020_000,
        1_800_086_420,
        b"\x00\xff",
        "ok",
    )
    assert layout.entry(item, CLAIM) == expected
    running = {name: value for name, value in item.items() if name not in {"result", "kind"}} | {"state": {"S": "R"}}
    assert layout.entry(running, CLAIM) == expected._replace(state="R", result=b"", kind="")
    assert layout.entry({}, CLAIM) is ABSENT


@pytest.mark.parametrize(
    ("previous", "took_over"), [({"previous": {"S": state}}, state == "R") for state in "RDF-"] + [({}, False)]
)
def test_it_tells_a_takeover(previous: dict[str, Any], took_over: bool) -> None:
    assert OwnLayout().took_over(previous) is took_over

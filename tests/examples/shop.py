"""What clients of ``docs/examples/fastapi_port`` do, and what of the answers must be equal wherever it runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, cast

PNG: Final = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
ADDRESS: Final = {"street": "Wall 1", "city": "Köln", "country": "DE"}
TO_ADA: Final = {"ship_to": ADDRESS}
ADA: Final = {"email": "ada@example.com", "name": "Ada", "password": "correct horse", "address": ADDRESS}
BOB: Final = {"email": "bob@example.com", "name": "Bob", "password": "battery staple"}
CHESS: Final = {
    "title": "Chess",
    "kind": "game",
    "price": "12.50",
    "least_price": 9,
    "stock": 3,
    "tags": ["wood", "old"],
}
DUNE: Final = {"title": "Dune", "kind": "book", "price": 4, "tags": ["old"]}
SHOP: Final = "https://shop.example"
PREFLIGHT: Final = {"access-control-request-method": "PATCH", "access-control-request-headers": "authorization"}


@dataclass(frozen=True)
class Step:
    """A request, and the status of its answer.

    ``here``: the status that lambdaframe answers with instead, because the documentation says that it differs.
    ``who`` sends it, with the token that the step with ``keeps`` got. ``options`` are the client's.
    ``unlike``: headers that differ between two folders with the same files. ``awaits``: what the answer holds when
    background work is done, which a server does not wait for.
    """

    status: int
    method: str
    path: str
    who: str = ""
    here: int | None = None
    keeps: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    unlike: frozenset[str] = frozenset()
    awaits: str = ""


def step(
    status: int,
    line: str,
    who: str = "",
    *,
    here: int | None = None,
    keeps: str = "",
    headers: Mapping[str, str] | None = None,
    unlike: str = "",
    awaits: str = "",
    **options: Any,
) -> Step:
    method, path = line.split(" ", 1)
    return Step(status, method, path, who, here, keeps, headers or {}, options, frozenset(unlike.split()), awaits)


def _login(person: Mapping[str, Any], **more: str) -> dict[str, str]:
    return {"username": person["email"], "password": person["password"], **more}


def _picture(content: bytes, media_type: str = "image/png") -> dict[str, tuple[str, bytes, str]]:
    return {"picture": ("p.png", content, media_type)}


_JSON: Final = {"content-type": "application/json"}

REGISTER: Final = (
    step(201, "POST /api/users", json=ADA),
    step(201, "POST /api/users", json=BOB, headers={"x-request-id": "r-2"}),
    step(409, "POST /api/users", json=ADA),
    step(422, "POST /api/users", json={**ADA, "email": "ada", "password": "short", "address": {"city": ""}}),
    step(422, "POST /api/users", json=[]),
    step(422, "POST /api/users"),
    step(422, "POST /api/users", here=400, content=b'{"email": ', headers=_JSON),
    step(422, "POST /api/users", here=415, content=b"{}", headers={"content-type": "text/plain"}),
)
LOG_IN: Final = (
    step(200, "POST /api/auth/token", keeps="ada", data=_login(ADA)),
    step(200, "POST /api/auth/token", keeps="bob", data=_login(BOB, grant_type="password")),
    step(200, "POST /api/auth/token", keeps="admin", data={"username": "admin@shop.example", "password": "change me"}),
    step(200, "POST /api/auth/token", keeps="weak", data=_login(ADA, scope="admin")),
    step(401, "POST /api/auth/token", data=_login({**ADA, "password": "wrong"})),
    step(422, "POST /api/auth/token", data={"username": "ada@example.com", "grant_type": "magic"}),
    step(200, "GET /api/users/me", "ada"),
    step(401, "GET /api/users/me"),
    step(401, "GET /api/users/me", headers={"authorization": "Bearer e30=.e30="}),
    step(401, "GET /api/users/me", headers={"authorization": "Basic YTpi"}),
    step(403, "GET /api/users/me", "weak"),
    step(200, "PATCH /api/users/me", "bob", json={"name": "Bobby", "address": ADDRESS}),
    step(200, "PATCH /api/users/me", "bob", json={"address": None}),
    step(200, "GET /api/users/3"),
    step(404, "GET /api/users/9"),
    step(422, "GET /api/users/0"),
    step(422, "GET /api/users/ada"),
)
SELL: Final = (
    step(201, "POST /api/users/2/items", "ada", json=CHESS),
    step(201, "POST /api/users/2/items", "ada", json=DUNE),
    step(201, "POST /api/users/3/items", "bob", json={**DUNE, "title": "Emma", "price": "3.99"}),
    step(403, "POST /api/users/3/items", "ada", json=DUNE),
    step(404, "POST /api/users/9/items", "ada", json=DUNE),
    step(401, "POST /api/users/2/items", json=DUNE),
    step(422, "POST /api/users/2/items", "ada", json={"kind": "cow", "price": "1.999", "stock": -1}),
    step(200, "GET /api/items"),
    step(200, "GET /api/items?limit=1&offset=1&sort=price"),
    step(200, "GET /api/items?kind=book&q=EM"),
    step(200, "GET /api/items?tag=old"),
    step(422, "GET /api/items?limit=0&sort=age&colour=red"),
    step(200, "GET /api/users/2/items?limit=1"),
    step(307, "GET /api/items/"),
    step(200, "GET /api/items/1"),
    step(304, "GET /api/items/1", headers={"if-none-match": '"1-12.50-3"'}),
    step(404, "GET /api/items/9"),
    step(422, "GET /api/items/chess"),
    step(200, "PATCH /api/items/1", "ada", json={"price": "11.00"}),
    step(403, "PATCH /api/items/1", "bob", json={"price": 1}),
    step(405, "PUT /api/items/1", "ada", json={"price": 1}),
)
PICTURES: Final = (
    step(204, "PUT /api/items/1/picture", "ada", files=_picture(PNG)),
    step(200, "GET /api/items/1/picture", unlike="etag"),
    step(206, "GET /api/items/1/picture", headers={"range": "bytes=1-3"}, unlike="etag"),
    step(413, "PUT /api/items/1/picture", "ada", files=_picture(PNG + bytes(100_000))),
    step(415, "PUT /api/items/1/picture", "ada", files=_picture(b"GIF89a", "image/gif")),
    step(403, "PUT /api/items/1/picture", "bob", files=_picture(PNG)),
    step(422, "PUT /api/items/1/picture", "ada", data={"picture": "text"}),
    step(422, "PUT /api/items/1/picture", "ada"),
    step(404, "GET /api/items/2/picture"),
)
ORDER: Final = (
    step(201, "POST /api/orders", "bob", json={"lines": [{"item_id": 1, "quantity": 2}]} | TO_ADA),
    step(
        409,
        "POST /api/orders",
        "bob",
        json={"lines": [{"item_id": 1}, {"item_id": 2, "quantity": 7}], "ship_to": ADDRESS},
    ),
    step(404, "POST /api/orders", "bob", json={"lines": [{"item_id": 1}, {"item_id": 9}]} | TO_ADA),
    step(422, "POST /api/orders", "bob", json={"lines": [], "ship_to": {**ADDRESS, "country": "Germany"}}),
    step(200, "GET /api/items/1"),
    step(200, "GET /api/admin/orders/count", "admin"),
)
ADMIN: Final = (
    step(200, "GET /api/admin/users", "admin"),
    step(403, "GET /api/admin/users", "ada"),
    step(401, "GET /api/admin/users"),
    step(200, "PUT /api/admin/items/2/stock", "admin", json={"stock": 5}),
    step(422, "PUT /api/admin/items/2/stock", "admin", json=5),
    step(422, "PUT /api/admin/items/2/stock", "admin", json={"stock": -5}),
    step(200, "GET /api/admin/stock.csv", "admin"),
    step(200, "GET /api/admin/stock", "admin"),
    step(204, "DELETE /api/items/3", "bob"),
    step(404, "DELETE /api/items/3", "bob"),
)
BROWSER: Final = (
    step(200, "GET /api/preferences", headers={"accept-language": "de,en;q=0.5"}),
    step(303, "POST /api/preferences", data={"currency": "GBP", "per_page": "50"}),
    step(200, "GET /api/preferences"),
    step(422, "POST /api/preferences", data={"currency": "DEM"}),
    step(422, "GET /api/preferences", headers={"cookie": "per_page=many"}),
    step(200, "GET /static/shop.css", unlike="etag"),
    step(404, "GET /static/shop.js"),
    step(404, "GET /nowhere"),
    step(200, "OPTIONS /api/items/1", headers={"origin": SHOP, **PREFLIGHT}),
    step(400, "OPTIONS /api/items/1", headers={"origin": "https://evil.example", **PREFLIGHT}),
    step(200, "GET /api/items/1", headers={"origin": SHOP}),
    step(404, "GET /api/items/9", headers={"origin": SHOP}),
    step(422, "GET /api/items/nine", headers={"origin": SHOP}),
    step(405, "HEAD /api/items/1", here=200),
    step(405, "OPTIONS /api/items/1", here=204),
    step(200, "GET /health"),
    step(200, "GET /api/admin/outbox", "admin", awaits="Your order 1"),
)
SCENARIO: Final = REGISTER + LOG_IN + SELL + PICTURES + ORDER + ADMIN + BROWSER


@dataclass(frozen=True)
class Answer:
    """``body`` is what the JSON says, or the bytes of anything else."""

    status: int
    headers: dict[str, list[str]]
    body: Any


COMPARED: Final = frozenset(
    """access-control-allow-credentials access-control-allow-headers access-control-allow-methods
    access-control-allow-origin access-control-expose-headers accept-ranges content-disposition content-range
    content-type etag location set-cookie vary www-authenticate x-request-id""".split()
)

_TITLES: Final = {413: "Content Too Large", 422: "Unprocessable Content"}


def translated(answer: Answer) -> Answer:
    """FastAPI's answer, as lambdaframe gives it: what the page "Porting a FastAPI application" says."""
    if answer.status == 204:
        return Answer(
            204, {name: answer.headers[name] for name in answer.headers.keys() - {"content-type"}}, answer.body
        )
    members = cast("dict[str, Any]", answer.body if isinstance(answer.body, dict) else {})
    if answer.status < 400 or "detail" not in members:
        return answer
    detail: Any = members["detail"]
    title = _TITLES.get(answer.status) or HTTPStatus(answer.status).phrase
    problem: dict[str, Any] = {"type": "about:blank", "title": title, "status": answer.status}
    if isinstance(detail, list):
        problem["detail"] = "The request does not fit what this operation takes."
        problem["errors"] = [_read(error) for error in cast("list[dict[str, Any]]", detail)]
    elif detail != HTTPStatus(answer.status).phrase:
        problem["detail"] = detail
    return Answer(answer.status, answer.headers | {"content-type": ["application/problem+json"]}, problem)


def _read(error: Mapping[str, Any]) -> dict[str, Any]:
    """JSON is validated as it is read, and not as Python's objects, of which pydantic speaks otherwise."""
    kept = {name: error[name] for name in ("loc", "msg", "type")}
    if kept["type"] == "model_attributes_type":
        kept |= {"type": "model_type", "msg": "Input should be an object"}
    return kept

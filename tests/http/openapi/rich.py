"""An API with a bit of everything: what validators and generators are given."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, Field, computed_field
from starlette.responses import HTMLResponse, RedirectResponse, StreamingResponse
from typing_extensions import TypedDict

from lambdaframe.http.binding.parameters import Body, Cookie, Depends, File, Form, Header, Path, Query, Security
from lambdaframe.http.binding.uploads import UploadFile
from lambdaframe.http.openapi.info import Info
from lambdaframe.http.routing.router import Router
from lambdaframe.security.api_key import APIKeyHeader
from lambdaframe.security.oauth2 import OAuth2PasswordBearer

INFO = Info(
    title="Shop",
    version="2.1.0",
    summary="A shop.",
    description="Orders and *articles*.",
    terms_of_service="https://shop.example/terms",
    contact={"name": "The shop", "email": "shop@example.com"},
    license_info={"name": "Apache 2.0", "identifier": "Apache-2.0"},
    servers=[{"url": "https://api.shop.example", "description": "production"}],
    tags=[{"name": "articles", "description": "What there is to buy."}],
)

ItemT = TypeVar("ItemT")


class Kind(StrEnum):
    BOOK = "book"
    TOY = "toy"


class Price(BaseModel):
    amount: Decimal = Field(gt=0, examples=["9.99"])
    currency: str = Field("EUR", min_length=3, max_length=3)


class Article(BaseModel):
    """Something to buy."""

    sku: str = Field(pattern="^[A-Z]{2}-[0-9]{4}$", examples=["TE-0001"])
    kind: Kind = Kind.BOOK
    price: Price
    tags: set[str] = set()
    added: datetime | None = None

    @computed_field
    def label(self) -> str:
        return f"{self.sku} ({self.kind})"


class Page(BaseModel, Generic[ItemT]):
    items: list[ItemT]
    after: str | None = None


class Category(BaseModel):
    name: str
    children: list["Category"] = []


class Card(BaseModel):
    method: Literal["card"]
    number: str


class Invoice(BaseModel):
    method: Literal["invoice"]
    address: str


Payment = Annotated[Card | Invoice, Field(discriminator="method")]


@dataclass
class Stock:
    sku: str
    count: int = 0


class Size(TypedDict):
    width: float
    height: float


class Filter(BaseModel):
    kind: Kind | None = None
    tags: list[str] = []
    limit: int = Field(20, ge=1, le=100, description="How many at most.")


oauth2 = OAuth2PasswordBearer(tokenUrl="token", scopes={"orders:write": "Place orders."})
api_key = APIKeyHeader(name="X-API-Key")

router = Router()
articles = Router(prefix="/articles", tags=["articles"], responses={404: {"description": "There is no such article."}})


async def paging(after: str | None = None, x_trace: Annotated[str | None, Header()] = None) -> str | None:
    return after


async def user(token: Annotated[str, Depends(oauth2)]) -> str:
    return token


@articles.get("")
async def list_articles(
    wanted: Annotated[Filter, Query()], after: Annotated[str | None, Depends(paging)]
) -> Page[Article]:
    """List articles.

    One page at a time.\fNot for readers of the document.
    """
    raise NotImplementedError


@articles.get("/{sku}")
async def read_article(sku: Annotated[str, Path(description="Stock keeping unit.")], lang: str = "en") -> Article:
    raise NotImplementedError


@articles.put("/{sku}", dependencies=[Depends(api_key)])
async def write_article(sku: str, article: Article) -> Article:
    raise NotImplementedError


@articles.delete("/{sku}", status_code=204, deprecated=True)
async def delete_article(sku: str) -> None: ...


@articles.post("/{sku}/picture")
async def add_picture(
    sku: str, picture: Annotated[UploadFile, File()], others: list[UploadFile], text: Annotated[str, Form()] = ""
) -> Stock:
    raise NotImplementedError


@router.post("/orders", status_code=201, idempotent=True, operation_id="placeOrder")
async def place_order(
    article: Article,
    count: Annotated[int, Body(ge=1)],
    payment: Annotated[Payment, Body()],
    user: Annotated[str, Security(user, scopes=["orders:write"])],
) -> dict[str, Any]:
    raise NotImplementedError


@router.get("/orders/{order_id:uuid}", responses={409: {"model": Stock}, "5XX": {"description": "Down."}})
async def read_order(order_id: UUID, session: Annotated[str | None, Cookie()] = None) -> Card | Invoice:
    raise NotImplementedError


@router.post("/token")
async def token(username: Annotated[str, Form()], password: Annotated[str, Form()]) -> dict[str, str]:
    raise NotImplementedError


@router.get("/categories")
async def categories() -> list[Category]:
    raise NotImplementedError


@router.post("/categories")
async def add_category(category: Category, size: Annotated[Size | None, Body()] = None) -> Category:
    raise NotImplementedError


@router.get("/files/{name:path}")
async def read_file(name: str, ids: Annotated[list[int], Query()]) -> StreamingResponse:
    raise NotImplementedError


@router.get("/hello", response_class=HTMLResponse)
async def hello() -> str:
    raise NotImplementedError


@router.get("/old")
async def old() -> RedirectResponse:
    raise NotImplementedError


@router.get("/nothing")
async def nothing() -> None: ...


router.include_router(articles)

"""What the API takes and gives, and the rows behind it."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, Json, SecretStr

T = TypeVar("T")

Price = Annotated[Decimal, Field(gt=0, max_digits=8, decimal_places=2)]


class Kind(StrEnum):
    BOOK = "book"
    GAME = "game"
    RECORD = "record"


class Role(StrEnum):
    CUSTOMER = "customer"
    ADMIN = "admin"


class Address(BaseModel):
    street: str = Field(min_length=1)
    city: str = Field(min_length=1)
    country: str = Field(pattern="^[A-Z]{2}$", examples=["DE"])


class Registration(BaseModel):
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$", examples=["ada@example.com"])
    name: str = Field(min_length=1, max_length=50)
    password: SecretStr = Field(min_length=8)
    address: Address | None = None


class UserChanges(BaseModel):
    name: str | None = Field(default=None, min_length=1, max_length=50)
    address: Address | None = None


class User(BaseModel):
    """A row. It never leaves the house as it is."""

    id: int
    email: str
    name: str
    role: Role
    address: Json[Address | None]
    password_hash: str
    created: datetime


class Account(BaseModel):
    """What users see of themselves."""

    id: int
    email: str
    name: str
    role: Role
    address: Address | None
    created: datetime


class Profile(BaseModel):
    """What others see of a user."""

    id: int
    name: str


class Offer(BaseModel):
    title: str = Field(min_length=1, max_length=100)
    kind: Kind
    price: Price
    least_price: Price | None = Field(default=None, description="The seller's secret: what they would settle for.")
    stock: int = Field(default=1, ge=0)
    tags: set[str] = set()


class OfferChanges(BaseModel):
    title: str | None = Field(default=None, min_length=1, max_length=100)
    price: Price | None = None
    stock: int | None = Field(default=None, ge=0)


class ItemRow(BaseModel):
    id: int
    seller_id: int
    seller_name: str
    title: str
    kind: Kind
    price: Decimal
    least_price: Decimal | None
    stock: int
    tags: Json[list[str]]

    @property
    def seller(self) -> Profile:
        return Profile(id=self.seller_id, name=self.seller_name)


class Item(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    seller: Profile
    title: str
    kind: Kind
    price: Decimal
    stock: int
    tags: list[str]


class ItemFilter(BaseModel):
    """The query parameters of a list of items."""

    model_config = ConfigDict(extra="forbid")

    q: str | None = Field(default=None, description="A part of the title.")
    kind: Kind | None = None
    tag: list[str] = []
    sort: Literal["newest", "price"] = "newest"
    limit: int = Field(default=20, ge=1, le=100)
    offset: int = Field(default=0, ge=0)


class Page(BaseModel, Generic[T]):
    items: list[T]
    total: int
    limit: int
    offset: int


class OrderLine(BaseModel):
    item_id: int
    quantity: int = Field(default=1, ge=1)


class NewOrder(BaseModel):
    lines: list[OrderLine] = Field(min_length=1)
    ship_to: Address


class Order(NewOrder):
    id: int
    total: Decimal


class StockLine(BaseModel):
    id: int
    title: str
    stock: int


class Token(BaseModel):
    access_token: str
    token_type: Literal["bearer"] = "bearer"
    scope: str


class Mail(BaseModel):
    to: str
    subject: str


class Preferences(BaseModel):
    currency: Literal["EUR", "USD", "GBP"] = "EUR"
    per_page: int = Field(default=20, ge=1, le=100)

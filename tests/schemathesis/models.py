"""The types that the feature-rich application takes and gives."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from ipaddress import IPv4Address
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from typing_extensions import TypedDict


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"
    DARK_BLUE = "dark blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 10


class Mixed(Enum):
    TEXT = "text"
    NUMBER = 7


EXACT = ConfigDict(strict=True)
"""JSON is not converted: the document says what is valid, and pydantic's own leniency (``true`` for 1) is not in it."""


class Exact(BaseModel):
    model_config = EXACT


class Closed(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class Window(BaseModel, extra="forbid"):
    """Query parameters of which no others are allowed."""

    limit: int = Field(20, ge=1, le=100)
    offset: int = Field(0, ge=0)
    order_by: Literal["created", "updated"] = "created"
    tags: list[Annotated[str, Field(max_length=8)]] = Field(default=[], max_length=5)
    since: date | None = None


class Tracing(BaseModel):
    """Headers."""

    x_trace_id: UUID
    x_sampled: bool = False
    x_hops: Annotated[int, Field(ge=0, le=64)] | None = None


class Session(BaseModel):
    """Cookies."""

    session_id: str = Field(pattern=r"^[a-z0-9]{8}$")
    visits: int = Field(0, ge=0)


class Money(Closed):
    amount: Decimal = Field(max_digits=8, decimal_places=2, ge=0)
    currency: Literal["EUR", "USD"] = "EUR"


class Address(Exact):
    street: str = Field(min_length=1, max_length=40)
    zip_code: str = Field(pattern=r"^[0-9]{5}$", alias="zipCode")
    country: Colour = Colour.RED


class Customer(Exact):
    id: UUID
    name: Annotated[str, Field(min_length=1, max_length=30)]
    born: date | None = None
    addresses: list[Address] = Field(min_length=1, max_length=3)
    tags: set[str] = Field(default=set(), max_length=4)
    scores: dict[str, float] = {}
    secret: str = Field("", max_length=10)


class PublicCustomer(BaseModel):
    """What others see of a customer."""

    id: UUID
    name: str
    addresses: list[Address]


class Tree(Exact):
    value: int
    children: "list[Tree]" = Field(default=[], max_length=3)


class Cat(Closed):
    kind: Literal["cat"]
    lives: int = Field(ge=0, le=9)


class Dog(Closed):
    kind: Literal["dog"]
    good: bool


class Parrot(Closed):
    kind: Literal["parrot", "macaw"]
    words: list[str] = Field(default=[], max_length=3)


Pet = Annotated[Cat | Dog | Parrot, Field(discriminator="kind")]


class Times(Exact):
    at: datetime
    aware: AwareDatetime
    day: date
    moment: time
    long: timedelta


class Numbers(Exact):
    small: int = Field(gt=-10, lt=10)
    even: int = Field(multiple_of=2)
    whole: int
    ratio: float = Field(ge=0, le=1)
    real: float = Field(allow_inf_nan=False)
    exact: Decimal = Field(ge=-1000, le=1000)
    level: Level
    mixed: Mixed
    address: IPv4Address


class Lenient(BaseModel):
    """The one model of JSON that pydantic converts."""

    number: int
    yes: bool
    day: date


class Measured(TypedDict):
    __pydantic_config__ = EXACT  # type: ignore[misc]  # as pydantic asks for it
    name: str
    value: float


@dataclass
class Point:
    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    x: int
    y: int = 0


class Credentials(BaseModel):
    """A form."""

    username: str = Field(min_length=1, max_length=20)
    password: str = Field(min_length=1, max_length=20)
    remember: bool = False
    scopes: list[str] = Field(default=[], max_length=3)


class Stored(BaseModel):
    id: int
    colour: Colour
    note: str | None = None


class NewStored(Closed):
    colour: Colour
    note: str | None = Field(None, max_length=20)

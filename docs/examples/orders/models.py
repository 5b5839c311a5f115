"""What the orders service takes and gives."""

from enum import StrEnum

from pydantic import BaseModel, Field


class Status(StrEnum):
    PLACED = "placed"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"


class NewOrder(BaseModel):
    """What a customer sends."""

    customer: str = Field(min_length=1, max_length=100)
    sku: str = Field(pattern=r"^[A-Z]{2}-[0-9]{4}$", examples=["TE-0042"])
    quantity: int = Field(ge=1, le=100)


class Order(NewOrder):
    id: int
    status: Status = Status.PLACED


class Payment(BaseModel):
    """A message of the queue ``payments``: the order is paid and can leave the house."""

    order_id: int


class Click(BaseModel):
    """A record of the stream ``clicks``: somebody looked at an article."""

    sku: str
    visitor: str

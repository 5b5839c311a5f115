"""What only admins may do."""

from typing import Annotated

from lambdaframe import Body, Router, Security

from .. import mail
from ..repository import TheItems, TheOrders, TheUsers
from ..responses import CSVResponse
from ..schemas import Account, Item, ItemFilter, ItemRow, Mail, StockLine, User
from ..security import current_user
from ..settings import CurrentSettings

router = Router(
    prefix="/admin",
    tags=["admin"],
    dependencies=[Security(current_user, scopes=["admin"])],
    responses={403: {"description": "The token lacks the scope `admin`"}},
)


@router.get("/users", response_model=list[Account], response_model_exclude_none=True)
def list_users(users: TheUsers) -> list[User]:
    return users.all()


@router.get("/outbox")
def list_mails(settings: CurrentSettings) -> list[Mail]:
    return mail.sent(settings.data)


@router.get("/orders/count")
def count_orders(orders: TheOrders) -> int:
    return orders.count()


@router.put("/items/{item_id}/stock", response_model=Item)
def correct_stock(item_id: int, stock: Annotated[int, Body(embed=True, ge=0)], items: TheItems) -> ItemRow:
    return items.change(item_id, {"stock": stock})


@router.get("/stock.csv", response_class=CSVResponse)
def export_stock(items: TheItems) -> list[StockLine]:
    found, _ = items.find(ItemFilter(limit=100))
    return [StockLine(id=item.id, title=item.title, stock=item.stock) for item in found]


@router.get("/stock", deprecated=True)
def read_stock(items: TheItems) -> dict[int, int]:
    """Use `/admin/stock.csv`."""
    found, _ = items.find(ItemFilter(limit=100))
    return {item.id: item.stock for item in found}

"""Orders: all lines or none."""

from fastapi import APIRouter, BackgroundTasks, status

from .. import mail
from ..repository import TheOrders
from ..schemas import Mail, NewOrder, Order
from ..security import CurrentUser
from ..settings import CurrentSettings

router = APIRouter(prefix="/orders", tags=["orders"])


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model_exclude={"ship_to"},
    responses={409: {"description": "One of the items is out of stock"}},
)
def place_order(
    new: NewOrder, me: CurrentUser, orders: TheOrders, settings: CurrentSettings, background: BackgroundTasks
) -> Order:
    order = orders.place(me, new)
    background.add_task(mail.send, settings.data, Mail(to=me.email, subject=f"Your order {order.id}"))
    return order

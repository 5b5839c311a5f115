"""Where orders are kept. The service knows the protocol; the lifespan in ``main`` chooses what stands behind it."""

from itertools import count
from typing import Protocol

from models import NewOrder, Order, Status


class UnknownOrderError(LookupError):
    """There is no order with this id."""

    def __init__(self, order_id: int) -> None:
        super().__init__(f"There is no order {order_id}.")


class ClosedOrderError(Exception):
    """The order is fulfilled or cancelled already."""

    def __init__(self, order: Order) -> None:
        super().__init__(f"Order {order.id} is {order.status} already.")
        self.order = order


class OrderedBeforeError(Exception):
    """The request has placed another order, some time ago."""

    def __init__(self, order: Order) -> None:
        super().__init__(f"This request has placed order {order.id}, and that is a different one.")


class Orders(Protocol):
    """Four operations. Each is atomic: of two callers that close one order, one succeeds."""

    async def add(self, new: NewOrder, request: str) -> Order:
        """Place the order of this request, a text that names it, or give the one that was placed for it before.

        Raises OrderedBeforeError when that was for something else.
        """
        ...

    async def get(self, order_id: int) -> Order:
        """Raises UnknownOrderError."""
        ...

    async def find(self, status: Status | None, limit: int) -> list[Order]:
        """The newest first, at most ``limit``; of every status where none is given."""
        ...

    async def close(self, order_id: int, status: Status) -> Order:
        """Fulfil or cancel a placed order. Raises UnknownOrderError, ClosedOrderError."""
        ...


def same(order: Order, new: NewOrder) -> Order:
    """The order, if it is what is asked for. Raises OrderedBeforeError."""
    if order.model_dump(include=set(NewOrder.model_fields)) != new.model_dump():
        raise OrderedBeforeError(order)
    return order


class OrdersInMemory:
    """Orders of one process, for a laptop and for tests. A deployed service puts a table behind the same protocol."""

    def __init__(self) -> None:
        self._orders: dict[int, Order] = {}
        self._ids_of_requests: dict[str, int] = {}
        self._ids = count(1)

    async def add(self, new: NewOrder, request: str) -> Order:
        if request not in self._ids_of_requests:
            order = Order(id=next(self._ids), **new.model_dump())
            self._orders[order.id] = order
            self._ids_of_requests[request] = order.id
        return same(self._orders[self._ids_of_requests[request]], new)

    async def get(self, order_id: int) -> Order:
        if order_id not in self._orders:
            raise UnknownOrderError(order_id)
        return self._orders[order_id]

    async def find(self, status: Status | None, limit: int) -> list[Order]:
        newest_first = reversed(self._orders.values())
        return [order for order in newest_first if status in {None, order.status}][:limit]

    async def close(self, order_id: int, status: Status) -> Order:
        order = await self.get(order_id)
        if order.status is not Status.PLACED:
            raise ClosedOrderError(order)
        self._orders[order_id] = order.model_copy(update={"status": status})
        return self._orders[order_id]

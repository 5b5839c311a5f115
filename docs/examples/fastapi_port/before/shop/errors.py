"""What the shop refuses, whoever asks: ``main`` says how such an error is answered."""


class ShopError(Exception):
    status_code = 409
    code = "refused"


class EmailTakenError(ShopError):
    code = "email_taken"


class OutOfStockError(ShopError):
    code = "out_of_stock"

    def __init__(self, title: str, left: int) -> None:
        super().__init__(f"Of {title!r} there are {left} left.")


class UnknownItemError(ShopError):
    status_code = 404
    code = "unknown_item"

    def __init__(self, item_id: int) -> None:
        super().__init__(f"There is no item {item_id}.")

"""Users, and below each of them the items they sell."""

from typing import Annotated

from lambdaframe import BackgroundTasks, Depends, HTTPException, Path, Query, Request, Response, Router, status

from .. import mail
from ..repository import TheItems, TheUsers
from ..schemas import Account, Item, ItemFilter, Mail, Offer, Page, Profile, Registration, User, UserChanges
from ..security import CurrentUser, hash_password
from ..settings import CurrentSettings

router = Router(prefix="/users", tags=["users"])
items_of_user = Router(prefix="/{user_id}/items", tags=["items"])


def user_in_path(user_id: Annotated[int, Path(ge=1)], users: TheUsers) -> User:
    user = users.by_id(user_id)
    if user is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"There is no user {user_id}.")
    return user


UserInPath = Annotated[User, Depends(user_in_path)]


@router.post("", status_code=status.HTTP_201_CREATED, response_model=Account, summary="Register")
def register(new: Registration, users: TheUsers, settings: CurrentSettings, background: BackgroundTasks) -> User:
    """A welcome mail follows."""
    if not settings.registration_open:
        raise HTTPException(status.HTTP_403_FORBIDDEN, "Registration is closed.")
    address = new.address.model_dump() if new.address else None
    user = users.add(new.email, new.name, hash_password(new.password.get_secret_value()), address)
    background.add_task(mail.send, settings.data, Mail(to=user.email, subject=f"Welcome, {user.name}!"))
    return user


@router.get("/me", response_model=Account)
async def read_me(me: CurrentUser) -> User:
    return me


@router.patch("/me", response_model=Account)
def change_me(changes: UserChanges, me: CurrentUser, users: TheUsers) -> User:
    return users.change(me, changes.model_dump(exclude_unset=True))


@router.get("/{user_id}", response_model=Profile)
async def read_user(user: UserInPath) -> User:
    return user


@items_of_user.get("")
def list_items_of_user(user: UserInPath, wanted: Annotated[ItemFilter, Query()], items: TheItems) -> Page[Item]:
    found, total = items.find(wanted, user.id)
    return Page(
        items=[Item.model_validate(item) for item in found], total=total, limit=wanted.limit, offset=wanted.offset
    )


@items_of_user.post("", status_code=status.HTTP_201_CREATED)
def offer_item(
    offer: Offer, user: UserInPath, me: CurrentUser, items: TheItems, request: Request, response: Response
) -> Item:
    """Offer an item. The answer's `Location` says where it is."""
    if user.id != me.id:
        raise HTTPException(status.HTTP_403_FORBIDDEN, "Nobody sells for somebody else.")
    item = items.add(me, offer)
    response.headers["location"] = str(request.url_for("read_item", item_id=item.id))
    return Item.model_validate(item)


router.include_router(items_of_user)

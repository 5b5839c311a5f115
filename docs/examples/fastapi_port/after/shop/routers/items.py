"""Items and their pictures."""

from pathlib import Path
from typing import Annotated

from lambdaframe import Depends, FileResponse, Header, HTTPException, Query, Response, Router, UploadFile, status

from ..repository import TheItems
from ..schemas import Item, ItemFilter, ItemRow, OfferChanges, Page
from ..security import CurrentUser
from ..settings import CurrentSettings

router = Router(prefix="/items", tags=["items"], responses={404: {"description": "There is no such item"}})

SIGNATURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}


def my_item(item_id: int, me: CurrentUser, items: TheItems) -> ItemRow:
    item = items.get(item_id)
    if item.seller_id != me.id:
        raise HTTPException(status.HTTP_403_FORBIDDEN, "It is not yours.")
    return item


def picture_file(item_id: int, settings: CurrentSettings) -> Path:
    return settings.data / "pictures" / str(item_id)


MyItem = Annotated[ItemRow, Depends(my_item)]
PictureFile = Annotated[Path, Depends(picture_file)]


@router.get("")
def list_items(wanted: Annotated[ItemFilter, Query()], items: TheItems) -> Page[Item]:
    found, total = items.find(wanted)
    return Page(
        items=[Item.model_validate(item) for item in found], total=total, limit=wanted.limit, offset=wanted.offset
    )


@router.get("/{item_id}", response_model=Item)
def read_item(
    item_id: int, items: TheItems, response: Response, if_none_match: Annotated[str | None, Header()] = None
) -> ItemRow | Response:
    item = items.get(item_id)
    tag = f'"{item.id}-{item.price}-{item.stock}"'
    if if_none_match == tag:
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers={"etag": tag})
    response.headers["etag"] = tag
    return item


@router.patch("/{item_id}", response_model=Item)
def change_item(item: MyItem, changes: OfferChanges, items: TheItems) -> ItemRow:
    return items.change(item.id, changes.model_dump(mode="json", exclude_unset=True))


@router.delete("/{item_id}", status_code=status.HTTP_204_NO_CONTENT)
def withdraw_item(item: MyItem, items: TheItems) -> None:
    items.remove(item.id)


@router.put(
    "/{item_id}/picture",
    status_code=status.HTTP_204_NO_CONTENT,
    responses={413: {"description": "The picture is too large"}, 415: {"description": "It is neither PNG nor JPEG"}},
)
def upload_picture(item: MyItem, picture: UploadFile, file: PictureFile, settings: CurrentSettings) -> None:
    content = picture.file.read(settings.max_picture_bytes + 1)
    if len(content) > settings.max_picture_bytes:
        raise HTTPException(413, f"A picture has at most {settings.max_picture_bytes} bytes.")
    if not content.startswith(SIGNATURES.get(picture.content_type or "", b"none")):
        raise HTTPException(status.HTTP_415_UNSUPPORTED_MEDIA_TYPE, "A picture is a PNG or a JPEG.")
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)


@router.get("/{item_id}/picture", response_class=FileResponse)
def download_picture(file: PictureFile) -> FileResponse:
    if not file.exists():
        raise HTTPException(status.HTTP_404_NOT_FOUND, "There is no picture.")
    with file.open("rb") as opened:
        head = opened.read(8)
    [media_type] = [kind for kind, signature in SIGNATURES.items() if head.startswith(signature)]
    return FileResponse(file, media_type=media_type)

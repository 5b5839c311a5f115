"""Routes that take every kind of body: JSON, forms and files."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StrictInt

from lambdaframe import Body, File, Form, Query, Router, UploadFile
from tests.schemathesis.models import (
    Address,
    Colour,
    Credentials,
    Customer,
    Lenient,
    Measured,
    Money,
    Numbers,
    Pet,
    Point,
    PublicCustomer,
    Times,
    Tree,
)
from tests.schemathesis.typed import checked

router = Router(tags=["bodies"])


@router.post("/body/nested", response_model=PublicCustomer)
@checked
async def body_nested(customer: Customer) -> Any:
    """The answer has fewer members than the body."""
    return customer


@router.put("/body/recursive")
@checked
async def body_recursive(tree: Tree) -> Tree:
    return tree


@router.post("/body/union")
@checked
async def body_union(shape: Point | Address | StrictInt) -> Point | Address | int:
    return shape


@router.post("/body/discriminated")
@checked
async def body_discriminated(pet: Pet) -> Pet:
    return pet


@router.post("/body/numbers")
@checked
async def body_numbers(numbers: Numbers) -> Numbers:
    return numbers


@router.post("/body/times")
@checked
async def body_times(times: Times) -> Times:
    return times


@router.patch("/body/several/{key}")
@checked
async def body_several(
    key: UUID,
    money: Money,
    point: Point,
    importance: Annotated[int, Body(ge=0, le=9, strict=True)],
    note: Annotated[str | None, Body(max_length=10)] = None,
    notify: bool = False,
) -> dict[str, Any]:
    return {"key": key, "money": money, "point": point, "importance": importance, "note": note, "notify": notify}


@router.post("/body/embedded")
@checked
async def body_embedded(money: Annotated[Money, Body(embed=True)]) -> Money:
    return money


@router.post("/body/optional")
@checked
async def body_optional(money: Money | None = None) -> Money | None:
    return money


@router.post("/body/list")
@checked
async def body_list(points: Annotated[list[Point], Body(max_length=4)]) -> list[Point]:
    return points


@router.post("/body/mapping")
@checked
async def body_mapping(values: dict[str, list[StrictInt]]) -> dict[str, list[int]]:
    return values


@router.post("/body/object")
@checked
async def body_object(measured: Annotated[dict[str, Any], Body()], q: Annotated[int, Query()] = 0) -> Any:
    return measured


@router.post("/body/measured")
@checked
async def body_measured(measured: list[Measured]) -> list[Measured]:
    return measured


@router.post("/body/scalar")
@checked
async def body_scalar(number: Annotated[int, Body(ge=0, le=9, strict=True)]) -> int:
    return number


@router.post("/body/pair")
@checked
async def body_pair(pair: tuple[StrictInt, Annotated[str, Field(max_length=4)]]) -> list[int | str]:
    # Not declared to answer a tuple, too: https://github.com/schemathesis/schemathesis/issues/3842
    return list(pair)


@router.post("/body/lenient")
@checked
async def body_lenient(lenient: Lenient) -> Lenient:
    return lenient


@router.post("/body/anything")
@checked
async def body_anything(anything: Annotated[Any, Body()]) -> Any:
    return anything


@router.post("/body/plain")
@checked
async def body_plain(text: Annotated[str, Body(media_type="text/plain")]) -> str:
    return text


@router.post("/form/fields")
@checked
async def form_fields(
    name: Annotated[str, Form(min_length=1, max_length=10)],
    age: Annotated[int, Form(ge=0, le=150)],
    colour: Annotated[Colour | None, Form()] = None,
    tags: Annotated[list[str] | None, Form()] = None,
    agreed: Annotated[bool, Form()] = False,
) -> list[Any]:
    return [name, age, colour, tags, agreed]


@router.post("/form/model")
@checked
async def form_model(credentials: Annotated[Credentials, Form()]) -> str:
    return credentials.username


@router.post("/form/file")
@checked
async def form_file(
    document: UploadFile, title: Annotated[str, Form(min_length=1)], count: Annotated[int, Form()] = 1
) -> list[Any]:
    return [len(await document.read()), title, count]


@router.post("/form/files")
@checked
async def form_files(
    documents: list[UploadFile], thumbnail: Annotated[bytes | None, File()] = None, note: Annotated[str, Form()] = ""
) -> list[Any]:
    return [[len(await one.read()) for one in documents], len(thumbnail or b""), note]

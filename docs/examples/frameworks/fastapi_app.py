"""A catalogue with FastAPI, as one would write it for any server; the last line is all that Lambda needs."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import BackgroundTasks, Body, Cookie, Depends, FastAPI, Form, HTTPException, Query, Request, UploadFile
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from pydantic import BaseModel, Field

from lambdaframe_adapters import LambdaHandler


class Article(BaseModel):
    name: str = Field(min_length=2)
    price: float = Field(gt=0)
    tags: list[str] = []


class Catalogue:
    """Articles and what belongs to them, in memory."""

    def __init__(self) -> None:
        self.articles: dict[int, Article] = {}
        self.pictures: dict[int, tuple[str, bytes]] = {}
        self.sent: list[str] = []

    def article(self, number: int) -> Article:
        """Raises UnknownArticleError."""
        try:
            return self.articles[number]
        except KeyError:
            raise UnknownArticleError(number) from None


class UnknownArticleError(Exception):
    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[dict[str, Any]]:
    yield {"catalogue": Catalogue()}


def catalogue_of(request: Request) -> Catalogue:
    catalogue: Catalogue = request.state.catalogue
    return catalogue


TheCatalogue = Annotated[Catalogue, Depends(catalogue_of)]

admin = FastAPI()
app = FastAPI(lifespan=lifespan)
app.add_middleware(GZipMiddleware, minimum_size=500)
app.add_middleware(
    CORSMiddleware, allow_origins=["https://shop.example"], allow_methods=["*"], allow_credentials=True, max_age=60
)
app.mount("/admin", admin)


@app.exception_handler(UnknownArticleError)
async def unknown_article(request: Request, error: UnknownArticleError) -> JSONResponse:
    return JSONResponse({"unknown": error.number}, 404, headers={"x-error": "unknown article"})


@app.get("/articles")
async def list_articles(
    catalogue: TheCatalogue,
    tag: Annotated[list[str], Query()] = [],  # noqa: B006  FastAPI copies it
    limit: Annotated[int, Query(ge=1, le=100)] = 100,
) -> list[Article]:
    return [article for article in catalogue.articles.values() if set(tag) <= set(article.tags)][:limit]


@app.post("/articles", status_code=201)
async def add_article(article: Article, catalogue: TheCatalogue, request: Request, response: Response) -> Article:
    number = len(catalogue.articles) + 1
    catalogue.articles[number] = article
    response.headers["location"] = str(request.url_for("read_article", number=number))
    return article


@app.get("/articles/{number}")
async def read_article(number: int, catalogue: TheCatalogue) -> Article:
    return catalogue.article(number)


@app.put("/articles/{number}")
async def replace_article(number: int, article: Article, catalogue: TheCatalogue) -> Article:
    catalogue.article(number)
    catalogue.articles[number] = article
    return article


@app.delete("/articles/{number}", status_code=204)
async def delete_article(number: int, catalogue: TheCatalogue) -> None:
    catalogue.article(number)
    del catalogue.articles[number]


@app.put("/articles/{number}/picture", status_code=204)
async def upload_picture(number: int, picture: UploadFile, catalogue: TheCatalogue) -> None:
    catalogue.article(number)
    catalogue.pictures[number] = (picture.content_type or "application/octet-stream", await picture.read())


@app.get("/articles/{number}/picture")
async def download_picture(number: int, catalogue: TheCatalogue) -> Response:
    if number not in catalogue.pictures:
        raise HTTPException(404, "There is no picture.", {"x-error": "no picture"})
    media_type, content = catalogue.pictures[number]
    return Response(
        content, media_type=media_type, headers={"content-disposition": "attachment; filename*=UTF-8''%C3%BC.png"}
    )


@app.post("/articles/{number}/recommend", status_code=202)
def recommend(
    number: int, to: Annotated[str, Body(embed=True)], catalogue: TheCatalogue, background: BackgroundTasks
) -> dict[str, str]:
    background.add_task(catalogue.sent.append, f"{to}: {catalogue.article(number).name}")
    return {"to": to}


@app.get("/sent")
async def sent(catalogue: TheCatalogue) -> list[str]:
    return catalogue.sent


@app.post("/login")
async def login(name: Annotated[str, Form()], request: Request) -> RedirectResponse:
    response = RedirectResponse(request.url_for("whoami"), 303)
    response.set_cookie("name", name, httponly=True, samesite="strict")
    response.set_cookie("theme", "dark", max_age=60)
    return response


@app.get("/whoami")
async def whoami(name: Annotated[str | None, Cookie()] = None, theme: Annotated[str, Cookie()] = "light") -> list[Any]:
    return [name, theme]


@app.get("/export")
async def export(catalogue: TheCatalogue) -> StreamingResponse:
    async def lines() -> AsyncIterator[str]:
        yield "name;price\r\n"
        for article in catalogue.articles.values():
            for _ in range(50):
                yield f"{article.name};{article.price}\r\n"

    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8")


@app.get("/files/{path:path}")
async def file(path: str, request: Request) -> dict[str, Any]:
    return {"path": path, "url": str(request.url), "query": request.query_params.multi_items()}


@app.get("/broken")
async def broken() -> None:
    raise RuntimeError("the password is hunter2")


@admin.get("/whereami", name="whereami")
async def whereami(request: Request) -> list[str]:
    return [request.scope["root_path"], str(request.url_for("whereami")), str(request.base_url)]


handler = LambdaHandler(app)

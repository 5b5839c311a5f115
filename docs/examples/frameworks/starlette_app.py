"""A catalogue with Starlette, as one would write it for any server; the last line is all that Lambda needs."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.datastructures import UploadFile
from starlette.endpoints import HTTPEndpoint
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route

from lambdaframe_adapters import LambdaHandler


@dataclass(frozen=True)
class Article:
    name: str
    price: float
    tags: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        if len(self.name) < 2 or self.price <= 0:
            raise ValueError("An article has a name and a price.")


@dataclass(frozen=True)
class Catalogue:
    """Articles and what belongs to them, in memory."""

    articles: dict[int, Article] = field(default_factory=dict[int, Article])
    pictures: dict[int, tuple[str, bytes]] = field(default_factory=dict[int, tuple[str, bytes]])
    sent: list[str] = field(default_factory=list[str])


class UnknownArticleError(Exception):
    """The catalogue has no article of this number."""


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncGenerator[dict[str, Any]]:
    yield {"catalogue": Catalogue()}


def catalogue_of(request: Request) -> Catalogue:
    catalogue: Catalogue = request.state.catalogue
    return catalogue


def numbered(request: Request) -> tuple[int, Article]:
    """The article that the path names. Raises UnknownArticleError."""
    number: int = request.path_params["number"]
    articles = catalogue_of(request).articles
    if number not in articles:
        raise UnknownArticleError(number)
    return number, articles[number]


async def sent_article(request: Request) -> Article:
    """The article in the body. Raises HTTPException for what is none."""
    try:
        return Article(**await request.json())
    except (TypeError, ValueError) as error:
        raise HTTPException(422, "The body is no article.", {"x-error": type(error).__name__}) from None


class Articles(HTTPEndpoint):
    async def get(self, request: Request) -> Response:
        tags, limit = set(request.query_params.getlist("tag")), int(request.query_params.get("limit", "100"))
        found = [one for one in catalogue_of(request).articles.values() if tags <= set(one.tags)]
        return JSONResponse([asdict(one) for one in found[:limit]])

    async def post(self, request: Request) -> Response:
        article, articles = await sent_article(request), catalogue_of(request).articles
        number = len(articles) + 1
        articles[number] = article
        return JSONResponse(asdict(article), 201, {"location": str(request.url_for("article", number=number))})


class OneArticle(HTTPEndpoint):
    async def get(self, request: Request) -> Response:
        return JSONResponse(asdict(numbered(request)[1]))

    async def put(self, request: Request) -> Response:
        number, _ = numbered(request)
        catalogue_of(request).articles[number] = article = await sent_article(request)
        return JSONResponse(asdict(article))

    async def delete(self, request: Request) -> Response:
        number, _ = numbered(request)
        del catalogue_of(request).articles[number]
        return Response(status_code=204)


class Picture(HTTPEndpoint):
    async def get(self, request: Request) -> Response:
        number, _ = numbered(request)
        if number not in catalogue_of(request).pictures:
            raise HTTPException(404, "There is no picture.", {"x-error": "no picture"})
        media_type, content = catalogue_of(request).pictures[number]
        disposition = "attachment; filename*=UTF-8''%C3%BC.png"
        return Response(content, media_type=media_type, headers={"content-disposition": disposition})

    async def put(self, request: Request) -> Response:
        number, _ = numbered(request)
        async with request.form() as form:
            picture = form["picture"]
            assert isinstance(picture, UploadFile)
            content = await picture.read()
            catalogue_of(request).pictures[number] = (picture.content_type or "application/octet-stream", content)
        return Response(status_code=204)


async def recommend(request: Request) -> Response:
    to, (_, article) = (await request.json())["to"], numbered(request)
    task = BackgroundTask(catalogue_of(request).sent.append, f"{to}: {article.name}")
    return JSONResponse({"to": to}, 202, background=task)


async def sent(request: Request) -> Response:
    return JSONResponse(catalogue_of(request).sent)


async def login(request: Request) -> Response:
    async with request.form() as form:
        response = RedirectResponse(request.url_for("whoami"), 303)
        response.set_cookie("name", str(form["name"]), httponly=True, samesite="strict")
    response.set_cookie("theme", "dark", max_age=60)
    return response


async def whoami(request: Request) -> Response:
    return JSONResponse([request.cookies.get("name"), request.cookies.get("theme", "light")])


async def export(request: Request) -> Response:
    async def lines() -> AsyncIterator[str]:
        yield "name;price\r\n"
        for article in catalogue_of(request).articles.values():
            for _ in range(50):
                yield f"{article.name};{article.price}\r\n"

    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8")


async def file(request: Request) -> Response:
    query = request.query_params.multi_items()
    return JSONResponse({"path": request.path_params["path"], "url": str(request.url), "query": query})


async def broken(request: Request) -> Response:
    raise RuntimeError("the password is hunter2")


async def whereami(request: Request) -> Response:
    return JSONResponse([request.scope["root_path"], str(request.url_for("admin:whereami")), str(request.base_url)])


async def unknown_article(request: Request, error: Exception) -> Response:
    return JSONResponse({"unknown": error.args[0]}, 404, {"x-error": "unknown article"})


app = Starlette(
    lifespan=lifespan,
    routes=[
        Route("/articles", Articles),
        Route("/articles/{number:int}", OneArticle, name="article"),
        Route("/articles/{number:int}/picture", Picture),
        Route("/articles/{number:int}/recommend", recommend, methods=["POST"]),
        Route("/sent", sent),
        Route("/login", login, methods=["POST"]),
        Route("/whoami", whoami, name="whoami"),
        Route("/export", export),
        Route("/files/{path:path}", file),
        Route("/broken", broken),
        Mount("/admin", Starlette(routes=[Route("/whereami", whereami, name="whereami")]), name="admin"),
    ],
    middleware=[
        Middleware(
            CORSMiddleware,
            allow_origins=["https://shop.example"],
            allow_methods=["*"],
            allow_credentials=True,
            max_age=60,
        ),
        Middleware(GZipMiddleware, minimum_size=500),
    ],
    exception_handlers={UnknownArticleError: unknown_article},
)

handler = LambdaHandler(app)

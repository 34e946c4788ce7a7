"""The board's parts in, a web application out: each page at its address, its twin beside it, every request checked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any, Final
from urllib.parse import quote, urlencode

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from milo_bench.board.parts import BoardParts
from milo_bench.board.server.guard import Guarded, comes_from_elsewhere
from milo_bench.board.server.people import SESSION_S, BoardPerson
from milo_bench.board.server.render import Renderer, as_json
from milo_bench.board.server.requests import MovedTo, NotThere, PageRequest, Shown, read_form
from milo_bench.board.views import ROUTES, Viewed
from milo_bench.core.errors import MiloError, PrerequisiteError
from milo_bench.core.text import one_line

_STATIC: Final = {
    "board.css": "text/css",
    "keys.js": "text/javascript",
    "review.js": "text/javascript",
    "htmx.min.js": "text/javascript",
}
_STATUS: Final = {"UsageError": 400, "DataError": 409, "PrerequisiteError": 503}
_IN_ADDRESS: Final = "/?#%=&:@!$'()*+,;~-._"
_Handler = Callable[[Request], Awaitable[Response]]


class WebBoard:
    """Answers requests for one board."""

    def __init__(self, board: BoardParts) -> None:
        self._board = board
        self._renderer = Renderer()
        self._static = {name: files("milo_bench.board").joinpath("static", name).read_bytes() for name in _STATIC}

    def application(self) -> ASGIApp:
        """The application for a server to run."""
        routes = [Route("/", self._checked(self._home, None)), Route("/login", self._login, methods=["GET", "POST"])]
        routes += [Route(f"/static/{name}", self._file(name)) for name in _STATIC]
        for route in ROUTES:
            if route.stream is not None:
                routes.append(Route(route.path, self._checked(self._streamed(route.stream), "look")))
            elif route.changes:
                routes.append(
                    Route(route.path, self._checked(self._changed(route.view), route.right), methods=["POST"])
                )
            else:
                routes.append(Route(f"{route.path}.json", self._checked(self._shown(route.view, True), route.right)))
                routes.append(Route(route.path, self._checked(self._shown(route.view, False), route.right)))
        routes.append(Route("/logout", self._checked(self._changed(_signed_out), None), methods=["POST"]))
        routes.append(Route("/{rest:path}", self._checked(self._nothing, None)))

        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            await run_in_threadpool(self._board.start)
            try:
                yield
            finally:
                await run_in_threadpool(self._board.close)

        app = Starlette(
            routes=routes, lifespan=lifespan, exception_handlers={500: self._fault, HTTPException: self._refused}
        )
        return Guarded(app, self._board.hosts)

    # ------------------------------------------------------------ who asks

    def _checked(self, handler: Callable[[Request, BoardPerson], Awaitable[Response]], right: Any) -> _Handler:
        async def handle(request: Request) -> Response:
            token = request.query_params.get("token")
            if token is not None and request.method == "GET":
                return await run_in_threadpool(self._sign_in, request, token)
            person = await run_in_threadpool(self._board.access.of_request, request, self._board.cookie)
            if person is None:
                return self._ask_to_sign_in(request)
            if right is not None and not person.may(right):
                message = f"{person.name} does not have the right '{right}'."
                return self._error(
                    request, person, 403, message, "on the board's machine: milo-bench people add NAME --right RIGHT"
                )
            return await handler(request, person)

        return handle

    def _sign_in(self, request: Request, token: str) -> Response:
        person = self._board.access.by_token(token)
        if person is None:
            return self._ask_to_sign_in(request, "This token is not valid. The board prints a new one at each start.")
        known = self._board.access.of_request(request, self._board.cookie)
        if known is not None and known.name != person.name and comes_from_elsewhere(request.headers):
            message = f"You are signed in as {known.name}, and this link would sign you in as {person.name}."
            return self._error(request, known, 403, message, "if you want that, open the address by hand.")
        query = [(name, value) for name, value in request.query_params.multi_items() if name != "token"]
        path = request.url.path if request.url.path != "/login" else "/"
        target = _own_path(path)
        if query:
            target += f"?{urlencode(query)}"
        return self._with_session(RedirectResponse(target, 303), person)

    def _with_session(self, response: Response, person: BoardPerson) -> Response:
        session = self._board.access.new_session(person)
        response.set_cookie(
            self._board.cookie, session, max_age=SESSION_S, httponly=True, samesite="lax", secure=self._board.is_secure
        )
        return response

    def _ask_to_sign_in(self, request: Request, problem: str = "") -> Response:
        if _wants_json(request) or request.headers.get("authorization", "").lower().startswith("bearer "):
            error = {"message": "No valid token.", "hint": "send the header Authorization: Bearer TOKEN."}
            return JSONResponse({"error": error}, 401)
        shown = Shown("login.html.jinja", "Sign in", {"problem": problem, "to": request.url.path}, status=401)
        return self._page(request, None, shown)

    async def _login(self, request: Request) -> Response:
        if request.method != "POST":
            token = request.query_params.get("token") if request.method == "GET" else None
            return await run_in_threadpool(self._sign_in, request, token) if token else self._ask_to_sign_in(request)
        try:
            form = await read_form(request)
        except MiloError as error:
            return self._problem(request, None, error)
        person = await run_in_threadpool(self._board.access.by_token, form.get("token", "").strip())
        if person is None:
            await asyncio.sleep(0.5)  # a guess costs time
            return self._ask_to_sign_in(request, "This token is not valid.")
        return self._with_session(RedirectResponse(_own_path(form.get("to", "/")), 303), person)

    # ------------------------------------------------------------ answers

    async def _home(self, request: Request, person: BoardPerson) -> Response:
        return RedirectResponse("/runs", 303)

    async def _nothing(self, request: Request, person: BoardPerson) -> Response:
        return self._error(request, person, 404, "There is no such page.", "start from the list of runs.")

    async def _refused(self, request: Request, error: Exception) -> Response:
        """What the router refuses: a method that an address does not take."""
        status = getattr(error, "status_code", 400)
        message = "This address does not take this method." if status == 405 else "This request cannot be answered."
        return JSONResponse({"error": {"message": message, "hint": ""}}, status, getattr(error, "headers", None))

    async def _fault(self, request: Request, error: Exception) -> Response:
        """A fault of the board itself: the rest of it works on."""
        name = type(error).__name__
        message = f"The board could not show this ({name})."
        return self._error(request, None, 500, message, "load the page again. If it stays, report it with the log.")

    def _shown(self, view: Callable[[BoardParts, PageRequest], Viewed], as_twin: bool) -> Any:
        async def handle(request: Request, person: BoardPerson) -> Response:
            asked = PageRequest(request, person, dict(request.path_params))
            try:
                found = await run_in_threadpool(view, self._board, asked)
            except MiloError as error:
                return self._problem(request, person, error)
            if isinstance(found, Shown) and as_twin:
                return Response(as_json(found), found.status, media_type="application/json")
            if isinstance(found, MovedTo) and as_twin:
                return RedirectResponse(f"{found.to}.json", 303)
            return await run_in_threadpool(self._respond, request, person, found)

        return handle

    def _changed(self, view: Callable[[BoardParts, PageRequest], Viewed]) -> Any:
        async def handle(request: Request, person: BoardPerson) -> Response:
            try:
                form = await read_form(request)
                cookie = request.cookies.get(self._board.cookie, "")
                given = form.pop("form_token", "") or request.headers.get("x-form-token", "")
                if person.way != "bearer" and not self._board.access.is_form_token(given, person, cookie):
                    message = "This form was not sent from a page of this session."
                    return self._error(request, person, 403, message, "load the page again, and send it from there.")
                found = await run_in_threadpool(
                    view, self._board, PageRequest(request, person, dict(request.path_params), form)
                )
            except MiloError as error:
                return self._problem(request, person, error)
            if isinstance(found, Shown) and _wants_json(request):
                return Response(as_json(found), found.status, media_type="application/json")
            return await run_in_threadpool(self._respond, request, person, found)

        return handle

    def _streamed(self, stream: Callable[[BoardParts, PageRequest, Renderer], AsyncIterator[str]]) -> Any:
        async def handle(request: Request, person: BoardPerson) -> Response:
            from starlette.responses import StreamingResponse

            asked = PageRequest(request, person, dict(request.path_params))
            return StreamingResponse(stream(self._board, asked, self._renderer), media_type="text/event-stream")

        return handle

    def _respond(self, request: Request, person: BoardPerson, found: Viewed) -> Response:
        if isinstance(found, MovedTo):
            return RedirectResponse(found.to, 303)
        if isinstance(found, NotThere):
            return self._error(request, person, 404, found.message, found.hint, again=found.again)
        if isinstance(found, Response):
            return found
        return self._page(request, person, found)

    def _problem(self, request: Request, person: BoardPerson | None, error: MiloError) -> Response:
        status = 503 if isinstance(error, PrerequisiteError) else _STATUS.get(type(error).__name__, 409)
        return self._error(request, person, status, error.message, error.hint)

    def _error(
        self, request: Request, person: BoardPerson | None, status: int, message: str, hint: str, *, again: bool = False
    ) -> Response:
        if _wants_json(request):
            return JSONResponse({"error": {"message": message, "hint": hint}}, status)
        data = {"message": message, "hint": hint, "again": again}
        shown = Shown("error.html.jinja", "This did not work", data, status=status)
        return self._page(request, person, shown)

    def _page(self, request: Request, person: BoardPerson | None, shown: Shown) -> Response:
        cookie = request.cookies.get(self._board.cookie, "")
        around: Mapping[str, Any] = {
            "person": person,
            "form_token": self._board.access.form_token(person, cookie) if person is not None else "",
            "counts": self._board.open_counts(person.name) if person is not None else {},
            "twin": _twin(request),
        }
        return Response(self._renderer.page(shown, around), shown.status, media_type="text/html")

    def _file(self, name: str) -> _Handler:
        async def handle(request: Request) -> Response:
            response = Response(self._static[name], media_type=_STATIC[name])
            response.headers["Cache-Control"] = "no-cache"
            return response

        return handle


def _signed_out(board: BoardParts, asked: PageRequest) -> Response:
    """The browser forgets the session. Only a new token, or the person's removal, ends a copy of the cookie."""
    response = RedirectResponse("/login", 303)
    response.delete_cookie(board.cookie, httponly=True, samesite="lax", secure=board.is_secure)
    return response


def _wants_json(request: Request) -> bool:
    return request.url.path.endswith(".json") or "application/json" in request.headers.get("accept", "")


def _twin(request: Request) -> str:
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{request.url.path}.json{query}"


def _own_path(text: str) -> str:
    """``text`` where it is a path of this board: never another site."""
    plain = text.startswith("/") and not text.startswith(("//", "/\\")) and one_line(text, None) == text
    return quote(text, safe=_IN_ADDRESS) if plain else "/"

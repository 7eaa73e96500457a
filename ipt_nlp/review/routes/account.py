"""Coming in and going out."""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ipt_nlp.errors import ReviewError
from ipt_nlp.review.auth import SESSION_HOURS, add_user
from ipt_nlp.review.web import acted, page, person_of, problem, room_of, shown, text_of


def _signed_in(request: Request, cookie: str) -> Response:
    # A page and not a redirect: a browser sends a strict cookie only with what a page of this
    # site asked for, and whoever opened the address is not of this site.
    return _with_cookie(request, page(request, "open.html.j2"), cookie)


def _with_cookie(request: Request, response: Response, cookie: str) -> Response:
    room = room_of(request)
    response.set_cookie(
        room.cookie,
        cookie,
        max_age=SESSION_HOURS * 3600,
        httponly=True,
        samesite="strict",
        secure=room.secure,
    )
    return response


async def open_room(request: Request) -> Response:
    """The address that was printed: its token opens the room once."""
    room = room_of(request)
    token = request.query_params.get("token", "")
    cookie = None if room.gate.named else room.gate.open_with_token(token)
    if cookie is None:
        if room.gate.person(request.cookies.get(room.cookie)):
            return RedirectResponse("/", 303)
        return problem(
            request,
            "This address was used already, or is not that of this room. Start the review room "
            "again for a new one.",
            403,
        )
    return _signed_in(request, cookie)


async def login_page(request: Request) -> Response:
    """The form for name and password."""
    if not room_of(request).gate.named:
        return RedirectResponse("/", 303)
    return page(request, "login.html.j2", message="")


async def login(request: Request) -> Response:
    """Sign in. The origin was checked already, and there is nobody to forge a request for."""
    room = room_of(request)
    if not room.gate.named:
        return RedirectResponse("/", 303)
    raw = await request.body()
    form = parse_qs(raw[:4096].decode("utf-8", "replace"))
    name, password = form.get("name", [""])[0], form.get("password", [""])[0]
    try:
        cookie = await run_in_threadpool(room.gate.sign_in, name, password)
    except ReviewError as error:
        return page(request, "login.html.j2", 429, message=str(error).capitalize() + ".")
    if cookie is None:
        return page(request, "login.html.j2", 403, message="Name or password is wrong.")
    return _signed_in(request, cookie)


def logout(request: Request, form: FormData) -> Response:
    """Go out: the session ends here, and copies of its cookie are refused."""
    room = room_of(request)
    room.gate.sign_out(request.cookies.get(room.cookie))
    response = RedirectResponse("/login" if room.gate.named else "/", 303)
    response.delete_cookie(room.cookie, httponly=True, samesite="strict", secure=room.secure)
    return response


def account_page(request: Request) -> Response:
    """One's own password."""
    return page(request, "account.html.j2", message="")


def set_password(request: Request, form: FormData) -> Response:
    """Change one's own password; whoever else is signed in under the name is out."""
    room, person = room_of(request), person_of(request)
    if not room.gate.named:
        raise ReviewError("there are no passwords in a room for one person")
    if room.gate.role_of(person.name, text_of(form, "old")) is None:
        return page(request, "account.html.j2", 403, message="The old password is wrong.")
    add_user(room.store, person.name, text_of(form, "new"), person.role)
    # Every session of this name ended with the old password; this one goes on with a new cookie.
    cookie = room.gate.sign_in_again(person.name)
    request.state.person = room.gate.person(cookie)
    if cookie is None or request.state.person is None:
        return RedirectResponse("/login", 303)
    message = "The password is changed. You are signed out everywhere else."
    return _with_cookie(request, page(request, "account.html.j2", message=message), cookie)


ROUTES = [
    Route("/open", open_room, methods=["GET"]),
    Route("/login", login_page, methods=["GET"]),
    Route("/login", login, methods=["POST"]),
    acted("/logout", logout),
    shown("/account", account_page),
    acted("/account", set_password),
]

"""The web application: routes, static files, the guard around them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from ipt_nlp.review.routes import account, data, lists, segment, together
from ipt_nlp.review.security import Guard
from ipt_nlp.review.web import Room, problem


def create_app(room: Room, *, hosts: Iterable[str] = ()) -> Starlette:
    """The application of a room.

    Args:
        room: What it works on.
        hosts: Values of the ``Host`` header that it answers to; empty answers to all.
    """
    app = Starlette(
        routes=[
            *account.ROUTES,
            *lists.ROUTES,
            *segment.ROUTES,
            *together.ROUTES,
            *data.ROUTES,
            Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
        ],
        middleware=[Middleware(Guard, hosts=frozenset(h.lower() for h in hosts))],
        exception_handlers={404: _not_found, 500: _failed},
    )
    app.state.room = room
    return app


async def _not_found(request: Request, _: Exception) -> Response:
    return problem(request, "There is no such page.", 404)


async def _failed(request: Request, _: Exception) -> Response:
    # Nothing of the error is shown: it might quote a text.
    return problem(
        request,
        "The program failed on this. Go back, and look whether your last change is there before "
        "you repeat it.",
        500,
    )

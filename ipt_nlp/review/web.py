"""What every route shares: the room, who asks, templates, forms."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from jinja2 import Environment
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from ipt_nlp import codebook
from ipt_nlp.errors import ReviewError
from ipt_nlp.result import NOTICE
from ipt_nlp.review import queue
from ipt_nlp.review.auth import Gate, Person
from ipt_nlp.review.store import Store
from ipt_nlp.writers import display
from ipt_nlp.writers.pages import page_environment

if TYPE_CHECKING:
    from ipt_nlp.tagger import Tagger
    from ipt_nlp.transcript import Transcript

THEMES = ("auto", "light", "dark")
MAX_PENDING = 20
MAX_NUMBER = 2**31 - 1
"""The largest id or page: that of an integer in every database."""


@dataclass(frozen=True)
class Pending:
    """A file that was read and checked and waits to be tagged; kept in memory only."""

    name: str
    transcripts: tuple[Transcript, ...]
    by: str


@dataclass
class Room:
    """One running review room."""

    store: Store
    gate: Gate
    folder: Path
    cookie: str = "ipt_review"
    secure: bool = False
    load_tagger: Callable[[], Tagger] | None = None
    pending: dict[str, Pending] = field(default_factory=dict)
    _tagger: Tagger | None = None
    _lock: Lock = field(default_factory=Lock, repr=False)

    def tagger(self) -> Tagger:
        """The tagger, loaded when it is first needed.

        Raises:
            BundleError: The bundle cannot be opened.
        """
        with self._lock:
            if self._tagger is None:
                if self.load_tagger is None:
                    raise ReviewError("this room was opened without a model")
                self._tagger = self.load_tagger()
            return self._tagger


@cache
def environment() -> Environment:
    """Templates: everything is escaped, and control characters are shown as code points."""
    made = page_environment("ipt_nlp.review")
    made.globals.update(
        display=display, codebook=codebook, notice=NOTICE, queue=queue, Reason=queue.Reason
    )
    return made


def room_of(request: Request) -> Room:
    room: Room = request.app.state.room
    return room


def person_of(request: Request) -> Person:
    """Who asks. Routes are wrapped so that somebody always does."""
    person: Person = request.state.person
    return person


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page, or its main part alone where the script asked for that."""
    person: Person | None = getattr(request.state, "person", None)
    theme = request.cookies.get("ipt_theme", "auto")
    content = (
        environment()
        .get_template(template)
        .render(
            **values,
            person=person,
            path=request.url.path,
            partial=request.headers.get("x-partial") == "1",
            theme=theme if theme in THEMES else "auto",
            named=room_of(request).gate.named,
        )
    )
    return HTMLResponse(content, status)


def problem(request: Request, message: str, status: int = 400) -> HTMLResponse:
    """A page that says what went wrong and what to do."""
    return page(request, "problem.html.j2", status, message=message)


def see_other(address: str) -> RedirectResponse:
    return RedirectResponse(address, 303)


Show = Callable[[Request], Response]
Act = Callable[[Request, FormData], Response]


def shown(path: str, endpoint: Show, *, supervisor: bool = False) -> Route:
    """A page for people who are signed in."""

    async def get(request: Request) -> Response:
        refused = await run_in_threadpool(_admit, request, supervisor)
        if refused:
            return refused
        return await run_in_threadpool(_guarded, request, partial(endpoint, request))

    return Route(path, get, methods=["GET"], name=endpoint.__name__)


def acted(path: str, endpoint: Act, *, supervisor: bool = False) -> Route:
    """A form of people who are signed in; it must carry their CSRF token."""

    async def post(request: Request) -> Response:
        refused = await run_in_threadpool(_admit, request, supervisor)
        if refused:
            return refused
        async with request.form(max_files=20, max_fields=200) as form:
            given = request.headers.get("x-csrf-token") or text_of(form, "csrf")
            if not hmac.compare_digest(given.encode(), person_of(request).csrf.encode()):
                return problem(request, "The form is out of date: reload the page.", 403)
            for value in form.values():
                if isinstance(value, UploadFile):
                    value.file.seek(0)
            return await run_in_threadpool(_guarded, request, partial(endpoint, request, form))

    return Route(path, post, methods=["POST"], name=endpoint.__name__)


def _admit(request: Request, supervisor: bool) -> Response | None:
    room = room_of(request)
    person = room.gate.person(request.cookies.get(room.cookie))
    if person is None:
        if room.gate.named and request.method == "GET":
            return see_other("/login")
        if room.gate.named:
            # A form that was sent after the session had ended.
            return problem(
                request,
                "You are signed out, so nothing was written. Sign in again in another tab, then "
                "press again here.",
                403,
            )
        return problem(
            request,
            "Not signed in. Open the address that was printed when the review room was started; "
            "it works once. If it was used already, start the room again.",
            403,
        )
    request.state.person = person
    if supervisor and not person.supervises:
        return problem(request, "This page is for supervisors.", 403)
    return None


def _guarded(request: Request, endpoint: Callable[[], Response]) -> Response:
    from ipt_nlp.errors import IptNlpError

    try:
        return endpoint()
    except IptNlpError as error:
        message = str(error)
        return problem(request, message[:1].upper() + message[1:] + ".")


def text_of(form: FormData, name: str, default: str = "") -> str:
    """A field of a form as text."""
    value = form.get(name, default)
    return value if isinstance(value, str) else default


def number_of(form: FormData, name: str) -> int:
    """A field that holds a whole number.

    Raises:
        ReviewError: It does not.
    """
    found = whole(text_of(form, name))
    if found is None:
        raise ReviewError(f"the field {name!r} is not a whole number")
    return found


def whole(raw: str | None, most: int = MAX_NUMBER) -> int | None:
    """A whole number from 0 to ``most``, or None."""
    if raw is None or not raw.isdecimal() or len(raw) > 15 or int(raw) > most:
        return None
    return int(raw)


def id_of(request: Request) -> int:
    """The id in the address.

    Raises:
        ReviewError: No id is that large.
    """
    found: int = request.path_params["id"]
    if found > MAX_NUMBER:
        raise ReviewError("there is no such page")
    return found

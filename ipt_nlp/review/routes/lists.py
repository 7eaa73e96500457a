"""The queue, the sessions, the clients and their courses."""

from __future__ import annotations

import sqlalchemy as sa
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from ipt_nlp.errors import ReviewError
from ipt_nlp.review import course, queue
from ipt_nlp.review.queue import Filters
from ipt_nlp.review.schema import reviews, segments, sessions
from ipt_nlp.review.web import (
    acted,
    id_of,
    page,
    person_of,
    room_of,
    see_other,
    shown,
    text_of,
    whole,
)

MAX_CLIENT = 100
MAX_PAGE = 10**6


def queue_page(request: Request) -> Response:
    """What is left to read, the most pressing first."""
    store, person = room_of(request).store, person_of(request)
    query = dict(request.query_params)
    filters = Filters.from_query(query)
    number = whole(query.get("page"), MAX_PAGE) or 1
    share, hidden = store.share, store.blind
    with store.reading() as c:
        found, total = queue.page(c, filters, person.name, share, number, hidden=hidden)
        pages = max(1, -(-total // queue.PAGE))
        if number > pages:
            # Decided meanwhile: an empty list would say that everything is done.
            number = pages
            found, total = queue.page(c, filters, person.name, share, number, hidden=hidden)
        progress = queue.progress(c, person.name, share)
        clients = course.clients(c)
        reviewers = list(c.scalars(sa.select(reviews.c.lane).distinct().order_by(reviews.c.lane)))
        n_sessions = c.scalar(sa.select(sa.func.count()).select_from(sessions)) or 0
    return page(
        request,
        "queue.html.j2",
        items=found,
        total=total,
        number=number,
        pages=pages,
        progress=progress,
        filters=filters,
        clients=clients,
        reviewers=[r for r in reviewers if not r.startswith("(")],
        n_sessions=n_sessions,
        hidden=hidden,
        share=share,
    )


def sessions_page(request: Request) -> Response:
    """All sessions with how far they are reviewed."""
    store = room_of(request).store
    with store.reading() as c:
        rows = course.session_rows(c)
        decided = {
            session_id: int(n)
            for session_id, n in c.execute(
                sa.select(segments.c.session_id, sa.func.count(sa.distinct(reviews.c.segment_id)))
                .join(reviews, reviews.c.segment_id == segments.c.id)
                .where(reviews.c.decided)
                .group_by(segments.c.session_id)
            )
        }
        pressing = {
            session_id: queue.Reason(reason)
            for session_id, reason in c.execute(
                sa.select(segments.c.session_id, sa.func.min(segments.c.priority)).group_by(
                    segments.c.session_id
                )
            )
        }
    hidden = store.blind
    return page(
        request,
        "sessions.html.j2",
        rows=rows,
        decided=decided,
        pressing={} if hidden else pressing,
    )


def session_page(request: Request) -> Response:
    """One session: summary, themes over its length, people; printable for supervision."""
    store = room_of(request).store
    if store.blind:
        return page(request, "blind.html.j2")
    with store.reading() as c:
        row = course.session_row(c, id_of(request))
        if row is None:
            raise ReviewError("no such session")
        found = course.shown_session(store, c, row)
        assignments = store.assignments(c, row.id)
    return page(
        request,
        "session.html.j2",
        shown=found,
        assignments=assignments,
        seen=assignments[0].id if assignments else 0,
    )


def set_client(request: Request, form: FormData) -> Response:
    """Say whose session it is; what `forget` and the course go by. The log keeps who said so."""
    store = room_of(request).store
    session_id = id_of(request)
    client = " ".join(text_of(form, "client").split()) or None
    if client is not None and len(client) > MAX_CLIENT:
        raise ReviewError(f"the id of a client has at most {MAX_CLIENT} characters: shorten it")
    with store.reading() as c:
        row = course.session_row(c, session_id)
    if row is None:
        raise ReviewError("no such session")
    number = row.number
    if "number" in form:
        given = text_of(form, "number").strip()
        number = whole(given, 999) if given else None
        if given and not number:
            raise ReviewError("the number of a session is a whole number, 1 to 999, or empty")
    seen = whole(text_of(form, "seen"))
    store.assign(session_id, person_of(request).name, client=client, number=number, seen=seen)
    return see_other(f"/session/{session_id}")


def clients_page(request: Request) -> Response:
    """The clients."""
    with room_of(request).store.reading() as c:
        found = course.clients(c)
        without = c.scalar(
            sa.select(sa.func.count()).select_from(sessions).where(sessions.c.client.is_(None))
        )
    return page(request, "clients.html.j2", clients=found, without=without or 0)


def course_page(request: Request) -> Response:
    """A client's course over the sessions: areas by phase, patterns over time, people."""
    store = room_of(request).store
    client = request.query_params.get("name", "")
    if store.blind:
        return page(request, "blind.html.j2")
    with store.reading() as c:
        found = [course.shown_session(store, c, row) for row in course.session_rows(c, client)]
    if not found:
        raise ReviewError("no session of this client")
    return page(
        request,
        "course.html.j2",
        client=client,
        sessions=found,
        phases=course.by_phase(found),
        people=course.people(found),
    )


ROUTES = [
    shown("/", queue_page),
    shown("/sessions", sessions_page),
    shown("/session/{id:int}", session_page),
    acted("/session/{id:int}/client", set_client, supervisor=True),
    shown("/clients", clients_page),
    shown("/course", course_page),
]

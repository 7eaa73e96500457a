"""What several reviewers need: agreement, differences to settle, the decision log, the codebook."""

from __future__ import annotations

import json
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from ipt_nlp.review import agreement, queue, verdicts, views
from ipt_nlp.review.labels import Labels
from ipt_nlp.review.routes.segment import make_change
from ipt_nlp.review.store import ADJUDICATED, Change, Review, StaleError
from ipt_nlp.review.web import (
    acted,
    id_of,
    number_of,
    page,
    person_of,
    room_of,
    see_other,
    shown,
    text_of,
    whole,
)

LOG_PAGE = 100
DIFFERENCES = 200
"""Segments to settle that are listed at once; the next ones follow as these are settled."""


def agreement_page(request: Request) -> Response:
    """Kappa and alpha between reviewers and with the model."""
    blind_only = request.query_params.get("blind") == "1"
    found = agreement.of_store(room_of(request).store, blind_only=blind_only)
    return page(
        request,
        "agreement.html.j2",
        found=found,
        blind_only=blind_only,
        model=agreement.MODEL,
        human_source=agreement.HUMAN_SOURCE,
    )


def differences_page(request: Request) -> Response:
    """Segments on which reviewers differ and nobody has settled it."""
    store = room_of(request).store
    with store.reading() as c:
        found = list(verdicts.to_adjudicate(store, c))
        first = queue.most_pressing(c, [i for i, _ in found], DIFFERENCES)
        lines = queue.items(c, first, person_of(request).name)
    by_id = dict(found)
    return page(
        request,
        "differences.html.j2",
        lines=[(item, _points(by_id[item.id])) for item in lines],
        total=len(found),
    )


def _points(lanes: Any) -> list[views.Difference]:
    first, second, *_ = lanes.values()
    return list(views.differences(first.labels, second.labels))


def adjudicate_page(
    request: Request, message: str = "", lane: str = "", reason: str = ""
) -> Response:
    """Both readings side by side, and one of them to hold."""
    store = room_of(request).store
    segment_id = id_of(request)
    with store.reading() as c:
        place = store.place(c, segment_id)
        lanes = store.lanes(c, segment_id)
        ruling = lanes.pop(ADJUDICATED, None)
        readings = [r for r in lanes.values() if r.labels.decided]
        if not readings:
            return see_other("/differences")
        following = [i for i, _ in verdicts.to_adjudicate(store, c) if i != segment_id]
    shown_as = ruling or readings[0]
    view = views.segment_view(
        place,
        Review(segment_id, ADJUDICATED, shown_as.version, shown_as.labels),
        blind=False,
        before=views.CONTEXT_BEFORE,
        after=views.CONTEXT_AFTER,
    )
    return page(
        request,
        "adjudicate.html.j2",
        409 if message else 200,
        view=view,
        readings=[(r, views.shown_lines(place.session, _with(place, r.labels))) for r in readings],
        points=list(views.differences(readings[0].labels, readings[-1].labels)),
        ruling=ruling,
        version=ruling.version if ruling else 0,
        following=following[0] if following else None,
        message=message,
        typed={lane: reason},
    )


def _with(place: Any, labels: Labels) -> Any:
    from ipt_nlp.review.labels import as_segment

    return as_segment(place.segment, labels).model_copy(update={"evidence": ()})


def adjudicate(request: Request, form: FormData) -> Response:
    """Let one reading hold, or change what holds."""
    room, person = room_of(request), person_of(request)
    store = room.store
    segment_id = id_of(request)
    action = text_of(form, "action")
    lane, reason = text_of(form, "lane"), text_of(form, "reason").strip()[:500]
    with store.reading() as c:
        place = store.place(c, segment_id)
        lanes = store.lanes(c, segment_id)
    if action == "choose":
        chosen = lanes.get(lane)
        if chosen is None or not chosen.labels.decided:
            gone = "This reading is not there any more. Nothing was written."
            return adjudicate_page(request, gone)
        labels = chosen.labels
        change = Change(
            "adjudicate",
            lambda _: labels.model_copy(update={"decided": True}),
            reason,
        )
    else:
        change = make_change(action, form, place)
    try:
        store.change(segment_id, ADJUDICATED, person.name, number_of(form, "version"), change)
    except StaleError:
        return adjudicate_page(
            request,
            "Someone else settled this meanwhile. It is shown as it is now; nothing of yours was "
            "written.",
            lane,
            reason,
        )
    if action == "choose":
        following = text_of(form, "following")
        return see_other(f"/adjudicate/{following}" if whole(following) else "/differences")
    return see_other(f"/adjudicate/{segment_id}")


def log_page(request: Request) -> Response:
    """Decisions, and who said whose session it is. Nothing here, or on any page, changes it."""
    store, person = room_of(request).store, person_of(request)
    query = request.query_params
    number = whole(query.get("page"), 10**6) or 1
    reviewer = query.get("reviewer", "")
    if store.blind and not person.supervises:
        reviewer = person.name
    with store.reading() as c:
        rows = store.whole_log(
            c, reviewer=reviewer, limit=LOG_PAGE + 1, offset=LOG_PAGE * (max(1, number) - 1)
        )
    entries = [(row, _changed(row)) for row in rows[:LOG_PAGE]]
    return page(
        request,
        "log.html.j2",
        entries=entries,
        number=max(1, number),
        more=len(rows) > LOG_PAGE,
        reviewer=reviewer,
    )


def _changed(row: Any) -> list[tuple[str, str, str]]:
    return [] if hasattr(row, "client_after") else changed(row.before, row.after)


def changed(before: str | None, after: str | None) -> list[tuple[str, str, str]]:
    """(field, before, after) of what an entry changed, in short words."""
    if before is None or after is None:
        return []
    old, new = json.loads(before), json.loads(after)
    return [
        (field, _short(field, old.get(field)), _short(field, new.get(field)))
        for field in Labels.model_fields
        if old.get(field) != new.get(field)
    ]


def _short(field: str, value: Any) -> str:
    if field == "patterns":
        return ", ".join(f"{p['pattern']} ({p['who']}) “{p['quote']}”" for p in value) or "none"
    if field == "flags":
        return ", ".join(f"{f['flag']} {f['verdict']} “{f['quote']}”" for f in value) or "none"
    if isinstance(value, list):
        return ", ".join(value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if value else "none"


def codebook_page(request: Request) -> Response:
    """Definitions and hard-case rules."""
    return page(request, "codebook.html.j2")


ROUTES = [
    shown("/agreement", agreement_page, supervisor=True),
    shown("/differences", differences_page, supervisor=True),
    shown("/adjudicate/{id:int}", adjudicate_page, supervisor=True),
    acted("/adjudicate/{id:int}", adjudicate, supervisor=True),
    shown("/log", log_page),
    shown("/codebook", codebook_page),
]

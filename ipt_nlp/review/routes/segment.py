"""The segment page: reading, deciding, undoing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from ipt_nlp import codebook
from ipt_nlp.errors import ReviewError
from ipt_nlp.review import labels as edits
from ipt_nlp.review import queue, views
from ipt_nlp.review.auth import Person
from ipt_nlp.review.labels import Labels
from ipt_nlp.review.queue import Filters
from ipt_nlp.review.store import Change, Place, Review, StaleError
from ipt_nlp.review.web import (
    Room,
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

LOCATION = "X-Location"
"""Header that tells the script which address belongs to what it got."""


@dataclass(frozen=True)
class Typed:
    """What somebody typed and what could not be kept: it must stand on the page that says so."""

    memo: str | None = None
    flag: str = ""
    reason: str = ""


def _typed(form: FormData) -> Typed:
    """The memo is sent as such, or as a draft along with whatever else was pressed."""
    name = "memo" if text_of(form, "action") == "memo" else "draft"
    memo = text_of(form, name) if name in form else None
    return Typed(memo, text_of(form, "key"), text_of(form, "reason"))


def filters_of(raw: str) -> Filters:
    """Filters from the query string that pages carry along."""
    return Filters.from_query(dict(parse_qsl(raw)))


def next_segment(request: Request) -> Response:
    """Go to the first segment that is open, or the one after (before) a given one."""
    room, person = room_of(request), person_of(request)
    query = dict(request.query_params)
    filters = Filters.from_query(query)
    current = whole(query.get("after"))
    back = query.get("back") == "1"
    with room.store.reading() as c:
        found = queue.neighbour(
            c,
            filters,
            person.name,
            room.store.share,
            current,
            back=back,
            hidden=room.store.blind,
        )
    return see_other(address(found, filters) if found else f"/?{filters.query}")


def address(segment_id: int, filters: Filters) -> str:
    """Where a segment is, keeping the filters."""
    return f"/segment/{segment_id}" + (f"?{filters.query}" if filters.narrowed else "")


def segment(request: Request) -> Response:
    """A segment in its conversation, with what this reviewer says of it."""
    query = dict(request.query_params)
    return _show(
        request,
        id_of(request),
        Filters.from_query(query),
        before=_count(query.get("before"), views.CONTEXT_BEFORE),
        after=_count(query.get("later"), views.CONTEXT_AFTER),
    )


def _count(raw: str | None, default: int) -> int:
    found = whole(raw, 500)
    return default if found is None else found


def _show(
    request: Request,
    segment_id: int,
    filters: Filters,
    *,
    before: int = views.CONTEXT_BEFORE,
    after: int = views.CONTEXT_AFTER,
    message: str = "",
    failed: bool = False,
    typed: Typed = Typed(),
) -> Response:
    room, person = room_of(request), person_of(request)
    store = room.store
    blind, share = store.blind, store.share
    with store.reading() as c:
        place = store.place(c, segment_id)
        review = store.review(c, place, person.name, blind=blind)
        view = views.segment_view(place, review, blind=blind, before=before, after=after)
        others = [] if view.hidden else _others(store.lanes(c, segment_id), person)
        log = [] if view.hidden else store.log(c, segment_id=segment_id, limit=20)
        progress = queue.progress(c, person.name, share)
    response = page(
        request,
        "segment.html.j2",
        409 if failed else 200,
        view=view,
        filters=filters,
        progress=progress,
        others=others,
        log=log,
        message=message,
        failed=failed,
        typed=typed,
        max_memo=edits.MAX_MEMO,
        counts={"before": before, "after": after, "step": views.CONTEXT_STEP},
    )
    response.headers[LOCATION] = address(segment_id, filters)
    return response


def _others(lanes: dict[str, Review], person: Person) -> list[Review]:
    return [r for lane, r in lanes.items() if lane != person.name and r.labels.decided]


def edit(request: Request, form: FormData) -> Response:
    """One edit of a segment. Answers with the segment as it is now, or after a decision with the
    next one; with 409 and the current state where someone else was faster."""
    room, person = room_of(request), person_of(request)
    segment_id = id_of(request)
    filters = filters_of(text_of(form, "filters"))
    action = text_of(form, "action")
    blind = room.store.blind
    with room.store.reading() as c:
        place = room.store.place(c, segment_id)
    typed = _typed(form)
    try:
        change = make_change(action, form, place)
        version = number_of(form, "version")
        if action != "memo":
            version = _keep_draft(room, person, place, version, typed)
        review = room.store.change(
            segment_id, person.name, person.name, version, change, blind=blind
        )
    except StaleError:
        return _refused(
            request,
            segment_id,
            filters,
            "This segment was changed in another window since you opened it. "
            "It is shown as it is now; nothing of yours was written."
            + (" Your memo still stands in its field: keep it again." if typed.memo else ""),
            typed,
        )
    except ReviewError as error:
        text = str(error)
        return _refused(request, segment_id, filters, text[:1].upper() + text[1:] + ".", typed)
    if action == "accept" and not review.blind:
        return _after_decision(request, room, person, segment_id, filters)
    # After a blind decision the model's labels are uncovered on the same page.
    return _answer(request, segment_id, filters, _said_of(action))


def _keep_draft(room: Room, person: Person, place: Place, version: int, typed: Typed) -> int:
    """Keep a memo that was typed when something else was pressed; the version that it leads to.

    An entry of its own in the log: undoing what was pressed does not take the memo away.
    """
    if typed.memo is None:
        return version
    memo, store, blind = typed.memo, room.store, room.store.blind
    with store.reading() as c:
        kept = store.review(c, place, person.name, blind=blind).labels.memo
    if edits.as_memo(memo) == kept:
        return version
    change = Change("memo", lambda before: edits.set_memo(before, memo))
    return store.change(place.id, person.name, person.name, version, change, blind=blind).version


def _refused(
    request: Request,
    segment_id: int,
    filters: Filters,
    message: str,
    typed: Typed = Typed(),
) -> Response:
    return _show(request, segment_id, filters, message=message, failed=True, typed=typed)


def _answer(request: Request, segment_id: int, filters: Filters, message: str = "") -> Response:
    if request.headers.get("x-partial") == "1":
        return _show(request, segment_id, filters, message=message)
    return see_other(address(segment_id, filters))


def _after_decision(
    request: Request, room: Room, person: Person, segment_id: int, filters: Filters
) -> Response:
    with room.store.reading() as c:
        following = queue.neighbour(
            c, filters, person.name, room.store.share, segment_id, hidden=room.store.blind
        )
    if following is None:
        response: Response = see_other(f"/?{filters.query}")
        if request.headers.get("x-partial") == "1":
            response = Response(status_code=204)
            response.headers[LOCATION] = f"/?{filters.query}"
        return response
    return _answer(request, following, filters, "Decided. This is the next one.")


_SAID = {
    "accept": "Decided. The model's labels are shown now.",
    "memo": "Memo kept.",
    "discuss": "Mark for discussion changed.",
    "reopen": "Open again.",
    "add-pattern": "Pattern marked.",
    "remove-pattern": "Pattern removed.",
    "add-flag": "Flag added.",
    "confirm-flag": "Flag confirmed.",
    "dismiss-flag": "Flag dismissed.",
}


def _said_of(action: str) -> str:
    return _SAID.get(action, "Changed.")


def make_change(action: str, form: FormData, place: Place) -> Change:
    """The edit that a form asks for.

    Raises:
        ReviewError: No such edit, or a field is missing.
    """
    reason = text_of(form, "reason").strip()[: edits.MAX_REASON]
    simple: dict[str, Callable[[Labels], Labels]] = {
        "accept": edits.decide,
        "reopen": edits.reopen,
        "discuss": edits.toggle_discuss,
        "no-area": edits.no_area,
    }
    if action in simple:
        return Change(action, simple[action], reason)
    key = text_of(form, "key")
    keyed: dict[str, Callable[[Labels], Labels]] = {
        "area": lambda before: edits.toggle_area(before, key),
        "primary": lambda before: edits.set_primary(before, key),
        "remove-pattern": lambda before: edits.remove_pattern(before, key),
        "confirm-flag": lambda before: edits.judge_flag(before, key, "confirmed", reason),
        "dismiss-flag": lambda before: edits.judge_flag(before, key, "dismissed", reason),
        "memo": lambda before: edits.set_memo(before, text_of(form, "memo")),
    }
    if action in keyed:
        return Change(action, keyed[action], reason)
    if action == "mark":
        return _mark(form, place, reason)
    raise ReviewError("no such action")


def _mark(form: FormData, place: Place, reason: str) -> Change:
    start, end = _selection(form, place)
    label = text_of(form, "label")
    segment = place.segment
    if label in codebook.FLAGS:
        status, subject = text_of(form, "status"), text_of(form, "subject")
        return Change(
            "add-flag",
            lambda before: edits.add_flag(before, segment, start, end, label, status, subject),
            reason,
        )
    who = text_of(form, "who", "client")
    return Change(
        "add-pattern",
        lambda before: edits.add_pattern(before, segment, start, end, label, who),
        reason,
    )


def _selection(form: FormData, place: Place) -> tuple[int, int]:
    """Selected words as code points of the session: by offsets of the browser, or as typed."""
    text, base = place.segment.text, place.segment.start_char
    typed = " ".join(text_of(form, "words").split())
    if typed and not text_of(form, "start"):
        start, end = _typed_words(text, typed)
    else:
        start = edits.from_utf16(text, number_of(form, "start"))
        # The end lies after a character: the one that its last unit belongs to is inside.
        end = edits.from_utf16(text, number_of(form, "end") - 1) + 1
        start, end = edits.selected_words(text, start, end)
    return base + start, base + end


def _typed_words(text: str, typed: str) -> tuple[int, int]:
    import re

    pattern = r"\s+".join(re.escape(word) for word in typed.split())
    found = list(re.finditer(pattern, text, re.IGNORECASE))
    if not found:
        raise ReviewError("these words are not in the segment: type them as they stand there")
    return found[0].span()


def undo(request: Request, form: FormData) -> Response:
    """Take back this reviewer's last change, wherever it was, and go there."""
    room, person = room_of(request), person_of(request)
    filters = filters_of(text_of(form, "filters"))
    here = whole(text_of(form, "segment"))
    typed = _typed(form)
    try:
        review = room.store.undo(person.name, person.name)
    except StaleError as error:
        if here is not None:
            return _refused(request, here, filters, str(error).capitalize() + ".", typed)
        raise
    if review is None:
        if here is not None:
            return _refused(request, here, filters, "There is nothing to undo.", typed)
        return see_other("/")
    message = "Undone."
    if here is not None and typed.memo is not None:
        with room.store.reading() as c:
            place = room.store.place(c, here)
        seen = whole(text_of(form, "version")) or 0
        version = review.version if review.segment_id == here else seen
        try:
            # After the undoing, which would otherwise take back the memo.
            _keep_draft(room, person, place, version, typed)
        except ReviewError as error:
            said = (
                f"Undone, in segment {review.segment_id}. Your memo here is not kept yet: {error}."
            )
            return _refused(request, here, filters, said, typed)
        message = "Undone. The memo that you had typed is kept."
    return _answer(request, review.segment_id, filters, message)


ROUTES = [
    shown("/next", next_segment),
    shown("/segment/{id:int}", segment),
    acted("/segment/{id:int}/edit", edit),
    acted("/undo", undo),
]

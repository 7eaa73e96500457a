"""What goes in and out: files added in the browser, exports, settings."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from ipt_nlp.errors import IptNlpError, ReviewError
from ipt_nlp.readers import SUFFIXES
from ipt_nlp.review import exports, forget, imports
from ipt_nlp.review.schema import exports as export_rows
from ipt_nlp.review.web import (
    MAX_PENDING,
    Pending,
    acted,
    page,
    person_of,
    room_of,
    see_other,
    shown,
    text_of,
    whole,
)

MAX_CLIENT = 100


def add_page(request: Request) -> Response:
    """Choose files to add."""
    return _add(request)


def _add(request: Request, problems: tuple[str, ...] = (), status: int = 200) -> Response:
    return page(
        request, "add.html.j2", status, suffixes=sorted(SUFFIXES), problems=problems, checked=()
    )


def check_files(request: Request, form: FormData) -> Response:
    """Read the files and show what could identify someone. Nothing is kept yet."""
    room, person = room_of(request), person_of(request)
    problems: list[str] = []
    checked: list[tuple[str, list[imports.Checked], str]] = []
    therapist = text_of(form, "therapist").strip() or None
    for upload in form.getlist("files"):
        if not isinstance(upload, UploadFile) or not upload.filename:
            continue
        try:
            found = imports.read_upload(upload.filename, upload.file.read(), therapist)
        except IptNlpError as error:
            problems.append(str(error))
            continue
        key = secrets.token_urlsafe(12)
        room.pending[key] = Pending(upload.filename, tuple(found), person.name)
        while len(room.pending) > MAX_PENDING:
            room.pending.pop(next(iter(room.pending)))
        checked.append((key, [imports.check(t) for t in found], upload.filename))
    if not checked:
        return _add(request, tuple(problems) or ("No file was chosen.",), 400)
    return page(
        request,
        "add.html.j2",
        suffixes=sorted(SUFFIXES),
        problems=tuple(problems),
        checked=checked,
    )


def tag_file(request: Request, form: FormData) -> Response:
    """Tag a file that was checked, and add it."""
    room, person = room_of(request), person_of(request)
    key = text_of(form, "key")
    pending = room.pending.get(key)
    if pending is None or pending.by != person.name:
        raise ReviewError(
            "this file is being added, was added, or was checked too long ago: look under "
            "Sessions, and choose it again if it is not there"
        )
    found = any(imports.check(t).identifiers for t in pending.transcripts)
    if found and text_of(form, "seen") != "yes":
        raise ReviewError(
            "identifiers were found: take them out of the file first, or tick that you have seen "
            "them and want to add it all the same"
        )
    client = " ".join(text_of(form, "client").split()) or None
    if client is not None and len(client) > MAX_CLIENT:
        raise ReviewError(f"the id of a client has at most {MAX_CLIENT} characters: shorten it")
    number = whole(text_of(form, "number"), 999)
    # Whoever presses twice gets one session, and is told of it.
    if room.pending.pop(key, None) is None:
        raise ReviewError("this file is being added: look under Sessions")
    try:
        tagged = imports.tag(
            room.tagger(), pending.transcripts, client=client, number=number or None
        )
        added = room.store.add(tagged, by=person.name, client=client)
    except BaseException:
        room.pending[key] = pending
        raise
    if not added:
        raise ReviewError("this session is in the room already: look under Sessions")
    return see_other(f"/session/{added[0]}" if len(added) == 1 else "/sessions")


def export_page(request: Request) -> Response:
    """Choose what to take along."""
    room = room_of(request)
    reviewed = list(exports.reviewed_segments(room.store))
    with room.store.reading() as c:
        made = c.execute(sa.select(export_rows).order_by(export_rows.c.id.desc()).limit(20)).all()
    there = room.folder / "exports"
    return page(
        request,
        "export.html.j2",
        kinds=[k for k in exports.KINDS.values() if k.available()],
        decided=len(reviewed),
        disputed=sum(r.verdict.disputed for r in reviewed),
        identifiers=sum(r.has_identifier and not r.synthetic for r in reviewed),
        made=[row for row in made if (there / row.name).is_file()],
    )


def export(request: Request, form: FormData) -> Response:
    """Write an export and hand it to the browser."""
    room = room_of(request)
    made = exports.make_export(
        room.store,
        room.folder,
        text_of(form, "kind"),
        by=person_of(request).name,
        with_identifiers=text_of(form, "identifiers") == "yes",
    )
    return FileResponse(made.path, media_type=made.kind.media, filename=made.path.name)


def export_file(request: Request) -> Response:
    """An export that was made before."""
    room = room_of(request)
    name = request.path_params["name"]
    with room.store.reading() as c:
        row = c.execute(sa.select(export_rows).where(export_rows.c.name == name)).first()
    # The name is looked up, never joined as it came.
    if row is None or not (room.folder / "exports" / row.name).is_file():
        raise ReviewError("no such export")
    return FileResponse(
        room.folder / "exports" / row.name,
        media_type=exports.KINDS[row.kind].media,
        filename=row.name,
    )


def settings_page(request: Request) -> Response:
    """How the room works."""
    return _settings(request)


def _settings(request: Request, message: str = "") -> Response:
    store = room_of(request).store
    days = store.setting(forget.RETENTION)
    due = len(forget.expired(store, int(days))) if days.isdecimal() else 0
    return page(
        request,
        "settings.html.j2",
        share=round(100 * store.share),
        blind=store.blind,
        days=days,
        due=due,
        message=message,
    )


def set_settings(request: Request, form: FormData) -> Response:
    """Change how the room works."""
    store = room_of(request).store
    share = whole(text_of(form, "share"), 100)
    if share is None:
        raise ReviewError("the share of random samples is a whole number of percent, 0 to 100")
    days = text_of(form, "days").strip()
    if days and not whole(days, 36500):
        raise ReviewError("the retention is a whole number of days, or empty")
    store.set_setting("share", str(share / 100))
    store.set_setting("blind", "1" if text_of(form, "blind") == "yes" else "0")
    store.set_setting(forget.RETENTION, days)
    return _settings(request, "Kept.")


ROUTES = [
    shown("/add", add_page, supervisor=True),
    acted("/add/check", check_files, supervisor=True),
    acted("/add/tag", tag_file, supervisor=True),
    shown("/export", export_page, supervisor=True),
    acted("/export", export, supervisor=True),
    shown("/export/{name}", export_file, supervisor=True),
    shown("/settings", settings_page, supervisor=True),
    acted("/settings", set_settings, supervisor=True),
]

"""Who gets in, what other sites can do, and what hostile words can do."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from ipt_nlp.errors import ReviewError
from ipt_nlp.review import auth, server
from ipt_nlp.review.app import create_app
from ipt_nlp.review.auth import Gate
from ipt_nlp.review.security import POLICY
from tests.review.conftest import HOST, SECRET, Rig
from tests.review.documents import PARTS, document

HOSTILE = (
    "<script>alert(1)</script> \"' onload=x <img src=x onerror=y> {{ 7000 * 7 + 1 }} "
    "\x1b[31m \u202e"
)
PAGES = (
    "/ /segment/2 /sessions /session/1 /clients /course?name=c01 /agreement /differences /log "
    "/codebook /add /export /settings /account"
).split()


def anonymous(rig: Rig) -> TestClient:
    return TestClient(create_app(rig.room, hosts={HOST}), base_url=f"http://{HOST}")


def test_the_token_opens_the_room_once(rig: Rig) -> None:
    client = anonymous(rig)
    assert client.get("/").status_code == 403
    assert client.get("/open?token=wrong").status_code == 403
    opened = client.get("/open?token=once")
    assert opened.status_code == 200
    cookie = opened.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert client.get("/").status_code == 200
    assert anonymous(rig).get("/open?token=once").status_code == 403


@pytest.mark.parametrize("path", PAGES)
def test_every_page_needs_someone_and_carries_the_headers(rig: Rig, path: str) -> None:
    refused = anonymous(rig).get(path)
    assert refused.status_code == 403
    assert "voicemail" not in refused.text
    answer = rig.browser().client.get(path)
    assert answer.status_code == 200
    for response in (refused, answer):
        assert response.headers["content-security-policy"] == POLICY
        assert response.headers["x-frame-options"] == "DENY"
        assert response.headers["cache-control"] == "no-store"


def test_the_policy_allows_nothing_inline_and_no_page_needs_it(rig: Rig) -> None:
    assert "unsafe" not in POLICY
    for path in PAGES:
        text = rig.browser().get(path)
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! src=\"/static/)", text), path
        assert not re.search(r"(src|href)=\"(https?:)?//", text), path


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"X-CSRF-Token": "forged"}, 403),
        ({"Host": "evil.example"}, 421),
        ({"Origin": f"http://{HOST}", "Sec-Fetch-Site": "same-origin"}, 200),
    ],
)
def test_other_sites_cannot_act(rig: Rig, headers: dict[str, str], status: int) -> None:
    browser = rig.browser()
    sent = {"X-CSRF-Token": browser.person.csrf, "X-Partial": "1", **headers}
    data = {"action": "area", "key": "isolation", "version": "0"}
    answer = browser.client.post("/segment/2/edit", data=data, headers=sent)
    assert answer.status_code == status
    with rig.store.reading() as c:
        assert bool(rig.store.log(c)) == (status == 200)


def test_a_form_without_its_token_is_refused(rig: Rig) -> None:
    browser = rig.browser()
    data = {"action": "area", "key": "isolation", "version": "0"}
    assert browser.client.post("/segment/2/edit", data=data).status_code == 403
    other = rig.browser("ray")
    stolen = {"X-CSRF-Token": other.person.csrf}
    assert browser.client.post("/segment/2/edit", data=data, headers=stolen).status_code == 403


def test_other_hosts_are_not_answered(rig: Rig) -> None:
    assert anonymous(rig).get("/open?token=once", headers={"Host": "evil"}).status_code == 421


def test_hostile_words_stay_words(rig: Rig) -> None:
    parts = (replace(PARTS[1], asks=HOSTILE, says=f"{PARTS[1].says} {HOSTILE}"), PARTS[0])
    (added,) = rig.store.add(
        [document("<b>evil</b>.vtt", parts, client="<i>c</i>")], by="<u>tests</u>"
    )
    browser = rig.browser()
    browser.edit(12, "memo", 0, memo=HOSTILE)
    browser.edit(12, "area", 1, key="isolation", reason=HOSTILE)
    paths = [*PAGES, "/segment/12", f"/session/{added}", "/course?name=%3Ci%3Ec%3C%2Fi%3E"]
    for path in paths:
        text = browser.get(path)
        for tag in ("<script>alert", "<img src=x", "<b>evil", "<i>c", "<u>tests", "49001"):
            assert tag not in text, (path, tag)
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_errors_repeat_nothing_of_the_text(rig: Rig) -> None:
    status, text = rig.browser().edit(2, "remove-pattern", 0, key="<script>")
    assert status == 409
    assert "not there any more" in text
    assert "&lt;script" not in text
    assert rig.browser().client.get("/segment/999").status_code == 400
    assert rig.browser().client.get("/segment/99999999999999999999").status_code == 400
    assert rig.browser().client.get("/?page=99999999999999999999").status_code == 200
    assert rig.browser().client.get("/?session=99999999999999999999").status_code == 200


def test_named_users_sign_in_with_a_password(rig: Rig) -> None:
    auth.add_user(rig.store, "Ray  Ito", "a long password", "reviewer")
    assert auth.user_names(rig.store) == ["Ray Ito"]
    rig.room.gate = Gate(rig.store, SECRET, named=True)
    client = anonymous(rig)
    assert client.get("/", follow_redirects=False).headers["location"] == "/login"
    wrong = client.post("/login", data={"name": "Ray Ito", "password": "another one"})
    assert (wrong.status_code, "wrong" in wrong.text) == (403, True)
    right = client.post("/login", data={"name": "Ray Ito", "password": "a long password"})
    assert right.status_code == 200
    assert client.get("/").status_code == 200
    for path in ("/export", "/settings", "/add", "/agreement", "/differences"):
        assert client.get(path).status_code == 403, path
    auth.remove_user(rig.store, "Ray Ito")
    assert client.get("/", follow_redirects=False).headers["location"] == "/login"
    assert client.get("/open?token=once").status_code == 403


def test_guessing_is_slowed_down(rig: Rig) -> None:
    auth.add_user(rig.store, "ray", "a long password")
    gate = Gate(rig.store, SECRET, named=True)
    for _ in range(5):
        assert gate.sign_in("ray", "a guess") is None
    with pytest.raises(ReviewError, match="wait"):
        gate.sign_in("ray", "a long password")
    assert gate.sign_in("nobody", "a guess") is None


def test_passwords_are_kept_as_hashes(rig: Rig) -> None:
    auth.add_user(rig.store, "ray", "a long password")
    raw = b"".join(p.read_bytes() for p in rig.room.folder.iterdir() if p.is_file())
    assert b"a long password" not in raw
    assert b"$argon2id$" in raw
    with pytest.raises(ReviewError, match="12 characters"):
        auth.add_user(rig.store, "ray", "short")
    with pytest.raises(ReviewError, match="name"):
        auth.add_user(rig.store, "(adjudicated)", "a long password")


def test_other_machines_need_named_users(rig: Rig) -> None:
    with pytest.raises(ReviewError, match="--add-user"):
        server.prepare(rig.store, rig.room.folder, server.ServeOptions(host="0.0.0.0"))
    assert server.is_loopback("127.0.0.1")
    assert server.is_loopback("::1")
    assert server.is_loopback("localhost")
    assert not server.is_loopback("192.168.1.4")
    assert not server.is_loopback("example.org")


def signed_in(rig: Rig) -> TestClient:
    client = anonymous(rig)
    done = client.post("/login", data={"name": "Ray Ito", "password": "a long password"})
    assert done.status_code == 200
    return client


def copied(rig: Rig, client: TestClient) -> TestClient:
    """A browser with a copy of somebody's cookie."""
    copy = anonymous(rig)
    copy.cookies.set(rig.room.cookie, client.cookies[rig.room.cookie])
    assert copy.get("/").status_code == 200
    return copy


def is_in(client: TestClient) -> bool:
    return client.get("/", follow_redirects=False).status_code == 200


def csrf_of(client: TestClient) -> str:
    found = re.search(r'name="csrf" content="([^"]+)"', client.get("/account").text)
    assert found is not None
    return found[1]


@pytest.fixture
def named(rig: Rig) -> Rig:
    auth.add_user(rig.store, "Ray Ito", "a long password", "reviewer")
    rig.room.gate = Gate(rig.store, SECRET, named=True)
    return rig


def test_signing_out_ends_the_session_and_not_the_cookie_alone(named: Rig) -> None:
    client, elsewhere = signed_in(named), signed_in(named)
    copy = copied(named, client)
    client.post("/logout", data={"csrf": csrf_of(client)})
    assert not is_in(client)
    assert not is_in(copy)
    assert is_in(elsewhere)
    refused = copy.post("/segment/2/edit", data={"action": "accept", "version": "0"})
    assert (refused.status_code, "signed out" in refused.text) == (403, True)


def test_signing_out_ends_the_session_of_the_one_person_too(rig: Rig) -> None:
    client = anonymous(rig)
    client.get("/open?token=once")
    copy = copied(rig, client)
    client.post("/logout", data={"csrf": csrf_of(client)})
    assert not is_in(copy)


def test_a_user_who_is_added_again_needs_the_password(named: Rig) -> None:
    client = signed_in(named)
    auth.remove_user(named.store, "Ray  Ito")
    assert not is_in(client)
    auth.add_user(named.store, "Ray Ito", "a long password", "reviewer")
    assert not is_in(client)


def test_a_new_password_ends_every_session_but_the_one_it_was_set_in(named: Rig) -> None:
    client, elsewhere = signed_in(named), signed_in(named)
    copy = copied(named, client)
    form = {"csrf": csrf_of(client), "old": "a long password", "new": "another long password"}
    done = client.post("/account", data=form)
    assert "signed out everywhere else" in done.text
    assert [is_in(c) for c in (client, elsewhere, copy)] == [True, False, False]
    # The forms of the page that told so carry what they must.
    assert client.post("/logout", data={"csrf": csrf_of(client)}).status_code == 200
    wrong = signed_in_with(named, "a long password")
    assert not is_in(wrong)


def signed_in_with(rig: Rig, password: str) -> TestClient:
    client = anonymous(rig)
    client.post("/login", data={"name": "Ray Ito", "password": password})
    return client


def test_a_wrong_old_password_changes_nothing_and_ends_nothing(named: Rig) -> None:
    client = signed_in(named)
    form = {"csrf": csrf_of(client), "old": "a wrong password", "new": "another long password"}
    assert client.post("/account", data=form).status_code == 403
    assert is_in(client)
    assert is_in(signed_in(named))


def test_a_password_given_by_a_supervisor_ends_the_sessions(named: Rig) -> None:
    client = signed_in(named)
    auth.add_user(named.store, "Ray Ito", "a password made anew", "supervisor")
    assert not is_in(client)


def test_the_database_holds_no_key_to_a_session(named: Rig) -> None:
    cookie = signed_in(named).cookies[named.room.cookie]
    key = Gate(named.store, SECRET)._sessions.loads(cookie)["k"]
    raw = b"".join(p.read_bytes() for p in named.room.folder.iterdir() if p.is_file())
    assert key.encode() not in raw

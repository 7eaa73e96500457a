"""The server dies in the middle of decisions: what it had acknowledged is there."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import httpx
import pytest

from ipt_nlp.review import server
from tests.review.serving import serving

AREAS = ("grief", "isolation")


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_nothing_acknowledged_is_lost(folder: Path) -> None:
    acknowledged: dict[int, int] = {}
    enough = threading.Event()
    with serving(folder, "--reviewer", "moss") as room:
        cookies = dict(httpx.get(room.address).cookies)
        page = httpx.get(f"{room.base}/segment/1", cookies=cookies).text
        csrf = re.search(r'name="csrf" content="([^"]+)"', page)
        assert csrf is not None

        def decide(segment: int) -> None:
            headers = {"X-CSRF-Token": csrf[1], "X-Partial": "1"}
            with httpx.Client(base_url=room.base, cookies=cookies, headers=headers) as client:
                for version in range(10_000):
                    data = {
                        "action": "area",
                        "key": AREAS[version % 2],
                        "version": str(version),
                    }
                    try:
                        answer = client.post(f"/segment/{segment}/edit", data=data)
                    except httpx.TransportError:
                        return
                    if answer.status_code != 200:
                        return
                    acknowledged[segment] = version + 1
                    if sum(acknowledged.values()) >= 40:
                        enough.set()

        threads = [threading.Thread(target=decide, args=(s,)) for s in (1, 2, 3)]
        for thread in threads:
            thread.start()
        assert enough.wait(timeout=60)
        room.kill()
        for thread in threads:
            thread.join(timeout=20)
    store, _ = server.open_store(folder)
    with store.reading() as c:
        kept = {s: store.lanes(c, s)["moss"].version for s in (1, 2, 3)}
        logged = len(store.log(c, limit=100_000))
    # One more each may have been written and not been acknowledged any more.
    for segment, version in acknowledged.items():
        assert version <= kept[segment] <= version + 1
    assert logged == sum(kept.values())
    store.engine.dispose()

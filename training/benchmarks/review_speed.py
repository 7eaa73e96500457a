"""How fast the review room is with many sessions: import, queue page, next segment, a decision.

    python -m training.benchmarks.review_speed [--sessions 500] [--segments 50]

Times are those of the server alone: the application is called in this process, without a network.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from starlette.testclient import TestClient

from ipt_nlp import codebook
from ipt_nlp.result import TaggedSession
from ipt_nlp.review import server
from ipt_nlp.review.app import create_app
from ipt_nlp.review.auth import Gate
from ipt_nlp.review.web import Room

WORDS = (
    "since my dad died i keep his things and my sister never listens she says it is time to move "
    "on but i do not know how and nobody in this town has asked me how i am"
).split()
ROUNDS = 40


def session(number: int, n_segments: int, rng: random.Random) -> TaggedSession:
    """A session of invented words with about one segment in six flagged."""
    text = ""
    turns: list[dict[str, object]] = []
    segments: list[dict[str, object]] = []
    for i in range(n_segments):
        begin = len(text)
        for role, length in (("therapist", 8), ("client", 70)):
            start = len(text)
            text += " ".join(rng.choices(WORDS, k=length)).capitalize() + "."
            turns.append(
                {
                    "index": len(turns),
                    "speaker": role,
                    "role": role,
                    "role_source": "label",
                    "start_char": start,
                    "end_char": len(text),
                }
            )
            if (i, role) != (n_segments - 1, "client"):
                text += "\n"
        segments.append(_segment(i, begin, text[begin:], turns[-1]["start_char"], rng))
    return TaggedSession.model_validate(
        {
            "source": f"session-{number:04}.vtt",
            "kind": "transcript",
            "text_sha256": hashlib.sha256(text.encode()).hexdigest(),
            "client_id": f"c{number // 12:03}",
            "session_number": number % 12 + 1,
            "model": {"name": "none", "version": "1", "sha256": "0" * 64},
            "language": {"name": "en", "version": "1"},
            "codebook": codebook.VERSION,
            "thresholds": dict.fromkeys(codebook.AREAS, 0.5),
            "text": text,
            "turns": turns,
            "segments": segments,
            "summary": {
                "primary": None,
                "runner_up": None,
                "confidence": 0.0,
                "areas": {},
                "patterns": {},
                "flags": {},
            },
        }
    )


def _segment(
    index: int, begin: int, text: str, client_start: object, rng: random.Random
) -> dict[str, object]:
    areas = {a: round(rng.betavariate(0.4, 0.9), 4) for a in codebook.AREAS}
    present = [a for a, p in areas.items() if p >= 0.5]
    reason = rng.choices([None, "low_confidence", "mixed", "risk_self_harm"], [80, 10, 5, 5])[0]
    at = int(str(client_start))
    quote = text[at - begin : at - begin + 12]
    span = {"start_char": at, "end_char": at + 12, "quote": quote}
    flags = []
    if reason == "risk_self_harm":
        flags.append({**span, "flag": reason, "status": "current", "subject": "speaker"})
    return {
        "index": index,
        "turns": [2 * index, 2 * index + 1],
        "start_char": begin,
        "end_char": begin + len(text),
        "text": text,
        "areas": {a: {"probability": p, "present": a in present} for a, p in areas.items()},
        "primary": max(present, key=lambda a: areas[a]) if present else None,
        "patterns": [
            {**span, "pattern": p, "helpful": None, "who": "client", "source": "rule:none"}
            for p in rng.sample(codebook.PATTERNS, rng.choice([0, 0, 1, 2]))
        ],
        "flags": flags,
        "needs_review": reason is not None,
        "review_reasons": [reason] if reason else [],
    }


def timed(call: Callable[[int], object], rounds: int = ROUNDS) -> dict[str, float]:
    """Median and 95th percentile in milliseconds; the first call is left out as warm-up."""
    call(-1)
    times = []
    for i in range(rounds):
        start = time.perf_counter()
        call(i)
        times.append(1000 * (time.perf_counter() - start))
    times.sort()
    return {
        "median_ms": round(statistics.median(times), 1),
        "p95_ms": round(times[int(0.95 * len(times)) - 1], 1),
    }


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=500)
    parser.add_argument("--segments", type=int, default=50)
    options = parser.parse_args()
    rng = random.Random(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (folder / "tagged.jsonl").open("w", encoding="utf-8") as file:
            for number in range(options.sessions):
                file.write(session(number, options.segments, rng).to_json() + "\n")
        store, room = server.open_store(folder)
        start = time.perf_counter()
        added = server.add_documents(store, room, by="benchmark", synthetic=True)
        seconds = time.perf_counter() - start
        gate = Gate(store, "benchmark" * 5, reviewer="benchmark", token="once")
        client = TestClient(create_app(Room(store, gate, room)))
        client.get("/open?token=once")
        page = client.get("/").text
        csrf = page.split('name="csrf" content="')[1].split('"')[0]
        headers = {"X-CSRF-Token": csrf, "X-Partial": "1"}
        current = {"path": client.get("/next").url.path}

        def decide(_: int) -> None:
            path = current["path"]
            answer = client.post(
                f"{path}/edit", data={"action": "accept", "version": "0"}, headers=headers
            )
            answer.raise_for_status()
            current["path"] = answer.headers["X-Location"]

        result = {
            "sessions": added.added,
            "segments": options.sessions * options.segments,
            "import_s": round(seconds, 1),
            "queue_page": timed(lambda _: client.get("/").raise_for_status()),
            "queue_filtered": timed(
                lambda i: client.get(f"/?area=grief&client=c{(i + 1) % 40:03}").raise_for_status()
            ),
            "queue_last_page": timed(lambda _: client.get("/?page=80").raise_for_status()),
            "next_segment": timed(
                lambda i: client.get(f"/next?after={i * 37 + 40}").raise_for_status()
            ),
            "accept_and_next": timed(decide),
            "session_page": timed(lambda i: client.get(f"/session/{i + 2}").raise_for_status(), 20),
        }
        print(json.dumps(result, indent=2))
        store.engine.dispose()


if __name__ == "__main__":
    main()

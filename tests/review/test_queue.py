"""What comes first, what is in the queue, what comes next."""

from __future__ import annotations

import pytest

from ipt_nlp.result import FlagSpan
from ipt_nlp.review import labels, queue
from ipt_nlp.review.queue import Filters, Reason
from ipt_nlp.review.store import Change
from tests.review.conftest import Rig
from tests.review.documents import document

ACCEPT = Change("accept", labels.decide)
SEGMENT = document().segments[0]


def flagged(flag: str, status: str | None, subject: str | None) -> Reason:
    span = FlagSpan.model_validate(
        {
            "start_char": 0,
            "end_char": 3,
            "quote": "How",
            "flag": flag,
            "status": status,
            "subject": subject,
        }
    )
    return queue.reason_of(SEGMENT.model_copy(update={"flags": (span,)}))


@pytest.mark.parametrize(
    ("flag", "status", "subject", "reason"),
    [
        ("risk_self_harm", "current", "speaker", Reason.current_risk),
        ("risk_self_harm", None, None, Reason.current_risk),
        ("risk_self_harm", "current", "other", Reason.current_risk_other),
        # A child or dependant may be who is harmed.
        ("risk_harm_to_other", "current", "other", Reason.current_risk),
        ("risk_harm_to_other", "unwanted", "other", Reason.unwanted_risk),
        ("risk_harm_by_other", "past", "speaker", Reason.past_risk),
        ("risk_self_harm", "denied", "speaker", Reason.denied_risk),
        ("identifier", None, None, Reason.identifier),
    ],
)
def test_current_risk_comes_first(
    flag: str, status: str | None, subject: str | None, reason: Reason
) -> None:
    assert flagged(flag, status, subject) == reason


def test_the_most_pressing_reason_counts() -> None:
    both = SEGMENT.model_copy(update={"review_reasons": ("low_confidence", "risk_self_harm")})
    assert queue.reason_of(both) == Reason.current_risk
    assert queue.reason_of(SEGMENT) == Reason.rest


def listed(rig: Rig, share: float = 0.0, **filters: str) -> list[Reason]:
    with rig.store.reading() as c:
        found, total = queue.page(c, Filters(**filters), "moss", share)
    assert total == len(found)
    return [item.reason for item in found]


def test_the_queue_is_in_order_and_controls_come_last(rig: Rig) -> None:
    flagged_only = listed(rig)
    assert flagged_only == sorted(flagged_only)
    assert flagged_only[0] == Reason.current_risk
    assert Reason.rest not in flagged_only
    everything = listed(rig, share=1.0)
    assert everything[: len(flagged_only)] == flagged_only
    assert set(everything[len(flagged_only) :]) == {Reason.rest}
    assert len(everything) == 11


def test_filters_narrow(rig: Rig) -> None:
    assert len(listed(rig, client="c02", status="all")) == 2
    assert set(listed(rig, flag="risk_self_harm")) == {Reason.current_risk}
    assert len(listed(rig, pattern="withdrawal")) == 3
    assert len(listed(rig, area="isolation", share=1.0)) == 2
    assert len(listed(rig, session="3", everything="1")) == 3
    assert listed(rig, status="mine") == []
    rig.store.change(2, "moss", "moss", 0, ACCEPT)
    assert len(listed(rig, status="mine")) == 1
    assert len(listed(rig, reviewer="moss", status="all")) == 1
    assert len(listed(rig, reviewer="ray", status="all")) == 0
    assert len(listed(rig, status="decided")) == 1


def test_filters_survive_an_address() -> None:
    filters = Filters(area="grief", client="a&b=c", status="all")
    assert filters.query == "area=grief&client=a%26b%3Dc&status=all"
    assert Filters.from_query({"status": "nonsense", "bogus": "x"}) == Filters()


def test_next_goes_on_after_what_was_decided_and_round_the_end(rig: Rig) -> None:
    with rig.store.reading() as c:
        order = [i.id for i in queue.page(c, Filters(), "moss", 0.0)[0]]
    rig.store.change(order[1], "moss", "moss", 0, ACCEPT)

    def neighbour(current: int | None, *, back: bool = False) -> int | None:
        with rig.store.reading() as c:
            return queue.neighbour(c, Filters(), "moss", 0.0, current, back=back)

    assert neighbour(None) == order[0]
    assert neighbour(order[1]) == order[2]
    assert neighbour(order[2], back=True) == order[0]
    assert neighbour(order[-1]) == order[0]
    for segment in (order[0], *order[2:]):
        rig.store.change(segment, "moss", "moss", 0, ACCEPT)
    assert neighbour(order[-1]) is None


def test_progress_counts_what_this_reviewer_decided(rig: Rig) -> None:
    rig.store.change(2, "ray", "ray", 0, ACCEPT)
    rig.store.change(2, "moss", "moss", 0, ACCEPT)
    with rig.store.reading() as c:
        mine = queue.progress(c, "moss", 0.0)
        nobody = queue.progress(c, "kit", 0.0)
    assert (mine.done, nobody.done) == (1, 0)
    assert mine.total == nobody.total == len(listed(rig)) + 1
    assert sum(n for _, n, _ in mine.by_reason) == mine.total


def test_labels_are_no_filter_in_blind_mode(rig: Rig) -> None:
    with rig.store.reading() as c:
        by_label = queue.page(c, Filters(area="isolation"), "moss", 1.0, hidden=True)[1]
        every = queue.page(c, Filters(), "moss", 1.0, hidden=True)[1]
    assert by_label == every

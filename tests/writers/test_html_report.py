"""The report as a parser sees it; what it looks like was checked in a browser."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from importlib import resources
from itertools import pairwise

import pytest

from ipt_nlp import codebook
from ipt_nlp.result import TaggedSession
from ipt_nlp.writers import writer
from ipt_nlp.writers.display import visible

VOID = {"meta", "br"}
TAGS = set(
    """html head meta title style body a header p h1 h2 h3 h4 bdi main section ul ol li strong q
    span nav div br table caption tbody thead tr th td dl dt dd svg rect line details summary mark
    article footer""".split()
)


class Page(HTMLParser):
    """Elements with their attributes, and the text inside those of a class."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[tuple[str, ...], str]] = []
        self.open: list[tuple[str, str]] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        assert len(given) == len(attrs)
        self.elements.append((tag, given))
        if tag not in VOID:
            self.open.append((tag, given.get("class", "")))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        classes = tuple(c for _, names in self.open for c in names.split())
        self.texts.append((tuple(t for t, _ in self.open) + classes, data))

    def all(self, attribute: str) -> list[str]:
        return [given[attribute] for _, given in self.elements if attribute in given]

    def text(self, *inside: str, outside: tuple[str, ...] = ()) -> str:
        return "".join(
            text
            for around, text in self.texts
            if set(inside) <= set(around) and not set(outside) & set(around)
        )

    def flat(self, *inside: str) -> str:
        return " ".join(self.text(*inside).split())


def render(*sessions: TaggedSession) -> str:
    return "".join(writer("html", color=True)(sessions))


@pytest.fixture(scope="module")
def page(session: TaggedSession) -> Page:
    return Page(render(session))


@pytest.fixture(scope="module")
def pages(session: TaggedSession, hostile: TaggedSession) -> Page:
    return Page(render(session, hostile))


def test_nothing_is_loaded_and_nothing_runs(page: Page, pages: Page) -> None:
    for shown in (page, pages):
        assert {tag for tag, _ in shown.elements} <= TAGS
        attributes = {name for _, given in shown.elements for name in given}
        assert not attributes & {"src", "srcset", "action", "formaction", "xlink:href", "data"}
        assert [name for name in attributes if name.startswith("on")] == []
        assert [href for href in shown.all("href") if not href.startswith("#")] == []
        policy = next(g["content"] for _, g in shown.elements if "http-equiv" in g)
        assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")
        assert re.findall(r"@import|url\(|expression\(", shown.text("style")) == []


def test_links_lead_somewhere_and_ids_are_used_once(page: Page, pages: Page) -> None:
    for shown in (page, pages):
        ids = Counter(shown.all("id"))
        assert [i for i, count in ids.items() if count > 1] == []
        assert {href[1:] for href in shown.all("href")} <= set(ids)
        named = [i for names in shown.all("aria-labelledby") for i in names.split()]
        assert named
        assert set(named) <= set(ids)


def test_headings_go_down_one_level_at_a_time(page: Page, pages: Page) -> None:
    for shown in (page, pages):
        levels = [int(t[1]) for t, _ in shown.elements if re.fullmatch("h[1-6]", t)]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert [b for a, b in pairwise(levels) if b > a + 1] == []
    assert [t for t, _ in page.elements].count("main") == 1


def test_every_word_of_the_session_is_shown_once(
    session: TaggedSession, hostile: TaggedSession
) -> None:
    for tagged in (session, hostile):
        shown = Page(render(tagged)).text("words", outside=("tag", "letter", "unseen"))
        assert "".join(shown.split()) == "".join(visible(tagged.text).split())


def test_hostile_text_is_only_text(hostile: TaggedSession) -> None:
    html = render(hostile)
    assert html.count("</style") == 1
    assert re.findall(r"<(?:script|img|svg/|i>|b>)", html) == []
    assert re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202d\u202e]", html) == []
    shown = Page(html)
    assert shown.text("title") == f"IPT report: {hostile.source}"
    words = shown.text("words", outside=("tag", "letter", "unseen"))
    assert "<script>alert(1)</script> </style><img src=x" in words
    assert "{{ 7 * 7 }} {% raw %} [bold red]markup" in words
    assert "[U+202E]gnihtemos" in words
    assert "e\u0301\u0323 👩‍👩‍👧 \U0001f1ec\U0001f1e7 end" in words
    assert {"dir"} <= set().union(*(g for t, g in shown.elements if g.get("class") == "words"))


def test_overlapping_marks_are_cut_at_every_border(page: Page) -> None:
    assert page.flat("several") == "I shouted back"
    assert "before I get angry" in page.flat("mark", "goal")
    funeral = [around for around, text in page.texts if text == "When I cried at the funeral"]
    areas = {"area-grief", "area-conflict", "line-1", "line-2"}
    assert any(areas <= set(around) for around in funeral)


def test_marks_are_named_beside_the_words(page: Page) -> None:
    tags = [" ".join(text.split()) for around, text in page.texts if "tag" in around]
    for name in ("Self-silencing", "Withdrawal", "Goal", "Identifier, phone"):
        assert name in tags
    assert "Risk: self-harm, denied" in tags
    assert "(evidence for Role transition)" in page.flat("words", "unseen")


def test_risk_comes_first_over_all_sessions_the_denied_last(page: Page, pages: Page) -> None:
    for shown in (page, pages):
        parts = [g.get("class") for t, g in shown.elements if t in {"section", "nav"}]
        assert parts[0] == "banner"
    assert page.flat("counts") == (
        "Risk: harm by others, past: 1 passage Risk: self-harm, denied: 1 passage"
    )
    assert pages.flat("counts").startswith("Risk: self-harm, status unknown: 1 passage")
    assert "silence and hiding may protect" in page.flat("banner")


def test_no_banner_and_no_claim_without_risk(build: Callable[..., TaggedSession]) -> None:
    tagged = build(
        {
            "kind": "note",
            "turns": [{"text": "Seen alone today."}],
            "segments": [{"probabilities": [0.1] * 4}],
        }
    )
    shown = Page(render(tagged))
    assert "banner" not in shown.all("class")
    assert shown.flat("focus") == "Main focus No area"
    assert "speaker" not in shown.all("class")
    assert "1 paragraph" in shown.flat("facts")
    assert "none marked" in shown.flat("summary")


def test_a_risk_that_marks_no_words_is_read_first_too(
    build: Callable[..., TaggedSession],
) -> None:
    tagged = build(
        {
            "turns": [{"speaker": "Client", "text": "I see no way on."}],
            "segments": [{"probabilities": [0.1] * 4, "needs_review": ["risk_self_harm"]}],
        }
    )
    assert "Risk: self-harm, status unknown: 1 passage segment 1" in (
        Page(render(tagged)).flat("banner")
    )


def test_summary_strip_and_reasons(page: Page, session: TaggedSession) -> None:
    summary = page.flat("summary")
    assert "Main focus G Grief and loss" in summary
    assert "Blame 1, Hostility 1" in summary.replace("\xa0", " ")
    assert "Dad; father; deceased; 4 mentions; in segments with Grief and loss" in summary
    assert "“" not in page.text("q")
    assert "say to Tom what I need before I get angry" in page.flat("summary", "q")
    assert "Tom, Tom" not in summary
    columns = [t for t, g in page.elements if t == "rect" and g.get("class") == "cell"]
    assert len(columns) == len(session.segments)
    assert page.flat("numbers").count("present") == sum(
        score.present for s in session.segments for score in s.areas.values()
    )
    assert "Mixed (two areas close to even)" in page.flat("review")
    assert session.warnings[0] in page.flat("warning")
    assert "may protect: I hid my letters at a friend's" in page.flat("marks")


def test_a_main_focus_without_a_lead_is_said_to_have_none(
    build: Callable[..., TaggedSession],
) -> None:
    turns = [{"text": "Argues with her mother. Eats alone."}]
    areas = {"near": [0.1, 0.1, 0.8, 0.81], "far": [0.1, 0.1, 0.5, 0.9]}
    close, clear = (
        build({"kind": "note", "turns": turns, "segments": [{"probabilities": areas[name]}]})
        for name in ("near", "far")
    )
    shown = Page(render(close)).flat("focus")
    assert "I Isolation or C Interpersonal conflict No clear lead" in shown
    assert "Confidence <0.01 (how far the first leads, 0 to 1)" in shown
    assert "Runner-up" not in shown
    assert "I Isolation Runner-up: C Interpersonal conflict" in Page(render(clear)).flat("focus")
    listed = Page(render(close, clear)).flat("contents")
    assert "Isolation or Interpersonal conflict: no clear lead" in listed
    assert listed.count("no clear lead") == 1


def test_the_legend_explains_areas_and_the_patterns_in_use(page: Page) -> None:
    legend = page.flat("legend")
    for area in codebook.AREA_INFO.values():
        assert area.definition in legend
    used = codebook.PATTERN_INFO["withdrawal"]
    unused = codebook.PATTERN_INFO["clarifying"]
    assert used.shows in legend
    assert unused.shows not in legend


def test_several_sessions_have_a_section_each_and_a_list(pages: Page) -> None:
    sections = [g["id"] for t, g in pages.elements if g.get("class") == "session"]
    assert sections == ["s1", "s2"]
    assert "session-04.vtt: Grief and loss, 2 risk passages, 3 segments to review" in (
        pages.flat("contents")
    )


def test_no_sessions_is_still_a_page() -> None:
    assert "No sessions." in Page(render()).flat("main")


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast of two colours written ``#rrggbb``."""

    def luminance(color: str) -> float:
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_words_can_be_read_on_what_is_behind_them(scheme: int) -> None:
    css = resources.files("ipt_nlp.writers").joinpath("templates/report.css").read_text("utf-8")
    root = re.findall(r":root \{(.*?)\}", css, re.DOTALL)[scheme]
    colors = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", root))
    behind = {
        "paper": ["ink", "quiet", "link", "risk", *codebook.AREAS],
        "raised": ["ink", "quiet", "link", *codebook.AREAS],
        "tint": ["ink", "risk"],
        "tint-deep": ["ink", "risk"],
        "goal": ["ink", "goal-ink"],
        "risk-paper": ["ink", "quiet", "link", "risk"],
        "warn-paper": ["warn"],
    }
    low = {
        (ink, paper): round(contrast(colors[ink], colors[paper]), 2)
        for paper, inks in behind.items()
        for ink in inks
        if contrast(colors[ink], colors[paper]) < 4.5
    }
    assert low == {}

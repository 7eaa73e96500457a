"""For a terminal: segments with their areas, the words that speak for them, and a summary.

Areas have a letter as well as a colour. Where there is no underline (piped output), evidence
stands between underscores. Text is never read as markup, and escape codes in it do not act.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, zip_longest

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from ipt_nlp import codebook
from ipt_nlp.result import FlagSpan, ResultSegment, Summary, TaggedSession
from ipt_nlp.transcript import Kind
from ipt_nlp.urgency import flag_rank
from ipt_nlp.writers import display
from ipt_nlp.writers.marked import Line, Piece, lines

PLAIN_WIDTH = 80
MAX_WIDTH = 100
MAX_SPEAKER = 16
BAR_WIDTH = 24
QUOTE_LENGTH = 160

# Middle tones: legible on dark and on light terminals.
_TONES = ("medium_purple3", "dark_cyan", "dark_orange3", "dodger_blue2")
AREA_STYLES = dict(zip(codebook.AREAS, _TONES, strict=True))
RISK_STYLE = "bold red"
QUIET = "dim"


def write(sessions: Iterable[TaggedSession], *, color: bool) -> Iterator[str]:
    """Session by session, and the notice once at the end."""
    notice = ""
    for session in sessions:
        page = _Page(color=color)
        page.session(session)
        notice = session.notice
        yield page.text()
    if notice:
        page = _Page(color=color)
        page.show(Text(notice, style="italic"))
        yield page.text()


class _Page:
    """What is written for one session."""

    def __init__(self, *, color: bool) -> None:
        width = min(shutil.get_terminal_size().columns, MAX_WIDTH) if color else PLAIN_WIDTH
        self._buffer = io.StringIO()
        self._console = Console(
            file=self._buffer,
            force_terminal=color,
            color_system="auto" if color else None,
            width=width,
            legacy_windows=False,
        )
        # Drawn around evidence where it cannot be underlined.
        self._edge = "_" if self._console.color_system is None else ""

    def text(self) -> str:
        """Everything shown, without blanks at the ends of lines unless they carry a style."""
        shown = self._buffer.getvalue()
        return "\n".join(line.rstrip(" ") for line in shown.split("\n"))

    def show(self, *items: RenderableType) -> None:
        for item in items:
            self._console.print(item, markup=False, highlight=False, emoji=False)

    def session(self, session: TaggedSession) -> None:
        self.show(*_heading(session), Text())
        for segment in session.segments:
            self._segment(session, segment)
        # The summary of a loose text would say the same again.
        if session.kind != "text":
            self.show(Rule("Summary", align="left", style=QUIET), _summary(session), Text())

    def _segment(self, session: TaggedSession, segment: ResultSegment) -> None:
        if session.kind != "text":
            start = display.segment_start(session, segment)
            title = f"Segment {segment.index + 1}" + (f" · {start}" if start else "")
            self.show(Rule(Text(title, style="bold"), align="left", style=QUIET))
        self.show(_areas(segment, self._console.width), Text())
        self.show(self._turns(session, lines(session, segment)), Text())
        remarks = list(_remarks(segment, session.kind))
        if remarks:
            self.show(_table(remarks), Text())

    def _turns(self, session: TaggedSession, spoken: Sequence[Line]) -> RenderableType:
        names = [_short(display.speaker_name(line.turn, session)) for line in spoken]
        if not any(names):
            grid = Table.grid()
            for line in spoken:
                grid.add_row(self._words(line))
            return Padding(grid, (0, 0, 0, 2))
        grid = Table.grid(padding=(0, 1))
        grid.add_column(no_wrap=True)
        grid.add_column()
        for name, line in zip(names, spoken, strict=True):
            style = "bold" if line.turn.role == "client" else ""
            grid.add_row(Text(f"{name}:", style=style), self._words(line))
        return Padding(grid, (0, 0, 0, 2))

    def _words(self, line: Line) -> Text:
        text = Text("… " if line.continued else "")
        is_open = False
        for piece, after in zip_longest(line.pieces, line.pieces[1:]):
            words = display.visible(piece.text)
            if piece.marks.areas and not is_open:
                space = words[: len(words) - len(words.lstrip())]
                text.append(space + self._edge)
                words = words[len(space) :]
                is_open = True
            text.append(words, style=_style(piece))
            ending = piece.ending.areas
            if is_open and (ending or after is None or not after.marks.areas):
                text.append(self._edge)
                is_open = False
            if ending:
                letters = ",".join(display.area_letter(a) for a in ending)
                text.append(f"[{letters}]", style=AREA_STYLES[ending[0]])
        return text


def _style(piece: Piece) -> str:
    styles = []
    if piece.marks.areas:
        styles.append(f"underline {AREA_STYLES[piece.marks.areas[0]]}")
    if piece.marks.patterns:
        styles.append("italic")
    if any(display.is_risk(f.flag) for f in piece.marks.flags):
        styles.append(RISK_STYLE)
    return " ".join(styles)


def _heading(session: TaggedSession) -> Iterator[RenderableType]:
    title = Text(display.visible(session.source), style="bold")
    yield Rule(title, align="left", characters="═", style=QUIET)
    facts = [display.size(session), *display.session_facts(session)]
    yield Text(display.visible(" · ".join(facts)))
    who = display.speakers(session)
    if who:
        yield Text(display.visible("Speakers: " + ", ".join(who)))
    made = f"Model {session.model.name} {session.model.version}, language {session.language.name} "
    yield Text(f"{made}{session.language.version}, codebook {session.codebook}", style=QUIET)
    for warning in session.warnings:
        yield Text(display.visible(f"Warning: {warning}"), style="yellow")
    risks = [(s, f) for s in session.segments for f in display.risk_flags(s)]
    if risks:
        yield Text()
        yield Text("Read first", style=RISK_STYLE)
        for segment, flag in sorted(risks, key=lambda risk: flag_rank(risk[1], risk[0].text)):
            name = f"! segment {segment.index + 1}: {_flag_title(flag, session.kind)}"
            words = _quoted(name, flag.quote, RISK_STYLE) if flag.quote else Text(name, RISK_STYLE)
            if asked := display.asked_before(session, flag):
                words.append(f", asked “{display.visible(_cut(asked))}”")
            yield Padding(words, (0, 0, 0, 2))
        yield Text(display.RISK_NOTICE, style=QUIET)
        if any(flag.flag == codebook.HARM_BY_OTHER for _, flag in risks):
            yield Text(display.HARM_NOTICE)


def _badge(area: str) -> Text:
    return Text(f"[{display.area_letter(area)}]", style=f"bold {AREA_STYLES[area]}")


def _areas(segment: ResultSegment, width: int) -> Text:
    """Areas above their threshold by name, the others by letter, on a second line if need be."""
    ranked = sorted(segment.areas.items(), key=lambda item: -item[1].probability)
    named = Text("  ")
    for area, score in ranked:
        if score.present:
            named.append_text(_badge(area))
            figure = display.probability(score.probability)
            named.append(f" {display.area_name(area)} {figure}   ", style=AREA_STYLES[area])
    if segment.primary is None:
        named.append("no area   ", style="bold")
    below = [
        f"{display.area_letter(area)} {display.probability(score.probability)}"
        for area, score in ranked
        if not score.present
    ]
    if below:
        rest = f"(below threshold: {', '.join(below)})"
        fits = named.cell_len + len(rest) <= width
        named.append(rest if fits else f"\n  {rest}", style=QUIET)
    return named


def _flag_title(flag: FlagSpan, kind: Kind) -> str:
    return ", ".join([display.flag_name(flag.flag), *display.flag_details(flag, kind)])


def _remarks(segment: ResultSegment, kind: Kind) -> Iterator[tuple[str, Text]]:
    """Patterns, flags, exchanges and reasons for review, as lines under the words."""
    if segment.needs_review:
        reasons = "; ".join(
            f"{display.flag_name(r)} ({codebook.FLAG_INFO[r].shows})"
            if not codebook.FLAG_INFO[r].marks_words
            else display.flag_name(r)
            for r in segment.review_reasons
        )
        yield "Needs review", Text(reasons or "yes", style="bold")
    for flag in segment.flags:
        style = RISK_STYLE if display.is_risk(flag.flag) else "bold"
        yield "Flag", _quoted(_flag_title(flag, kind), flag.quote, style)
    for pattern in segment.patterns:
        name = (
            f"{display.pattern_name(pattern.pattern)} "
            f"({display.WHO_WORDS[pattern.who]}, {display.pattern_side(pattern)})"
        )
        yield "Pattern", _quoted(name, pattern.quote, "bold")
    for exchange in segment.exchanges:
        title = display.visible((exchange.sequence or "reported").replace("_", " "))
        steps = " → ".join(
            ": ".join(
                [
                    display.WHO_WORDS[move.who],
                    ", ".join(display.pattern_name(p).lower() for p in move.patterns)
                    or f"“{display.visible(_cut(move.quote))}”",
                ]
            )
            for move in exchange.moves
        )
        yield "Exchange", Text.assemble((title, "bold"), f": {steps}")


def _quoted(name: str, quote: str, style: str) -> Text:
    words = display.visible(_cut(quote))
    return Text.assemble((display.visible(name), style), ": ", (f"“{words}”", "italic"))


def _summary(session: TaggedSession) -> RenderableType:
    return _table(chain(_focus(session), _counts(session)))


def _focus(session: TaggedSession) -> Iterator[tuple[str, Text]]:
    summary = session.summary
    yield "Main focus", _main_focus(summary)
    widest = max(len(area.name) for area in codebook.AREA_INFO.values())
    for i, (area, share) in enumerate(summary.areas.items()):
        row = _badge(area)
        row.append(f" {display.area_name(area):<{widest}} {display.percent(share):>5} ")
        row.append("█" * round(share * BAR_WIDTH), style=AREA_STYLES[area])
        yield ("Areas" if i == 0 else "", row)
    counted = f"share of {display.words_counted(session)} in segments with the area"
    yield "", Text(f"({counted}; areas may overlap)", style=QUIET)
    if summary.primary is not None and (note := display.focus_note(session)):
        yield "", Text(note, style=QUIET)


def _main_focus(summary: Summary) -> Text:
    if summary.primary is None:
        return Text("none")
    focus = Text.assemble((display.focus_words(summary), "bold"))
    if len(display.focus_areas(summary)) == 1 and summary.runner_up is not None:
        focus.append(f", then {display.area_name(summary.runner_up)}")
    figure = display.probability(summary.confidence)
    focus.append(f" (confidence {figure}: {display.CONFIDENCE_MEANS})")
    return focus


def _counts(session: TaggedSession) -> Iterator[tuple[str, Text]]:
    summary = session.summary
    if not summary.patterns:
        yield "Patterns", Text("none marked")
    for side, found in display.pattern_counts(session):
        yield "Patterns", _tally(found, f"{side}: ")
    reasons = [(display.flag_name(key), count) for key, count in summary.flags.items()]
    yield "Review", _tally(reasons, "segments by reason: ")
    for goal in summary.goals:
        yield "Goal", Text(f"“{display.visible(_cut(goal.quote))}”")
    for i, person in enumerate(summary.people):
        text = display.visible(f"{person.mention} ({'; '.join(display.person_facts(person))})")
        yield ("People" if i == 0 else "", Text(text))
    yield "Size", Text(display.size(session))


def _tally(counts: Iterable[tuple[str, int]], lead: str) -> Text:
    found = ", ".join(f"{name} {count}" for name, count in counts)
    return Text(lead + found if found else "none marked")


def _table(rows: Iterable[tuple[str, Text]]) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style=QUIET)
    grid.add_column()
    for label, value in rows:
        grid.add_row(Text(label), value)
    return Padding(grid, (0, 0, 0, 2))


def _short(name: str) -> str:
    name = " ".join(display.visible(name).split())
    return name if len(name) <= MAX_SPEAKER else name[: MAX_SPEAKER - 1] + "…"


def _cut(quote: str) -> str:
    quote = " ".join(quote.split())
    return quote if len(quote) <= QUOTE_LENGTH else quote[: QUOTE_LENGTH - 1].rstrip() + "…"

"""Words and sentences as the corpus checks count them: plain, quick, the same for every text."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_SENTENCE_END = re.compile(r"[.!?…]+(?=\s|$)|\n+")

FUNCTION_WORDS: dict[str, frozenset[str]] = {
    name: frozenset(words.split())
    for name, words in {
        "I, me, my": "i i'm im i've ive i'd i'll me my mine myself",
        "we, us, our": "we we're we've we'd we'll us our ours ourselves",
        "you, your": "you you're youre you've you'd you'll your yours yourself u ur",
        "he, she, they": "he he's she she's they they're they've him her his hers their them",
        "it, this, that": "it it's its this that that's thats these those",
        "articles": "a an the",
        "prepositions": "of to in for with on at from by about into over after before without",
        "and, or, but": "and or but so because cause cuz",
        "if, when, while": "if when while although though since until unless than as",
        "be": "am is are was were be been being isn't wasn't aren't weren't",
        "have, do": "have has had having do does did doing done",
        "modals": "can could will would should may might must shall gonna wanna",
        "not, no, never": "not no never none nothing nobody don't dont didn't didnt doesn't doesnt"
        " can't cant won't wont couldn't wouldn't shouldn't haven't hasn't hadn't",
        "hedges": "just really very like maybe kind sort actually even still only also too quite",
        "questions": "what why how who where which what's whats",
        "fillers": "um uh er erm hmm mm yeah yes okay ok oh well",
    }.items()
}
"""Closed classes of English words, for the profile of a text collection."""

ALL_FUNCTION_WORDS: frozenset[str] = frozenset().union(*FUNCTION_WORDS.values())


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, with their apostrophes."""
    return _WORD.findall(text.replace("’", "'").lower())


def sentences_of(text: str) -> list[str]:
    """Stretches between full stops, question and exclamation marks or line ends."""
    return [part for part in _SENTENCE_END.split(text) if words_of(part)]

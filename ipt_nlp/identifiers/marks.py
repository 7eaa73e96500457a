"""Words of one text with what the model and the lists say of each, and small questions to them."""

from __future__ import annotations

from dataclasses import dataclass

from ipt_nlp.identifiers.kinds import Kind
from ipt_nlp.identifiers.words import Lexicon, Word

TITLES = frozenset(
    """mr mrs ms miss mx dr doctor prof professor sir dame lady lord rev reverend fr sr nurse sgt
    sergeant captain capt judge justice officer pc dc coach principal counsellor councillor cllr
    pastor imam rabbi sheikh""".split()
)
NEVER = frozenset(
    """mum mom mam mama mamma mummy mommy dad da daddy papa gran granny nana nanna nan grandma
    grandpa grandad grampa gramps auntie aunt uncle i im i'm i've i'd i'll ok okay yeah client
    patient therapist ct pt tel madam hi hello dear regards thanks thank fada re ref dob""".split()
)
"""Words that stand where names stand and name nobody."""


@dataclass
class Marked:
    """Words of a text; ``labels`` and ``scores`` are filled in step by step."""

    text: str
    found: list[Word]
    odds: list[tuple[float, ...]]
    known: list[str | None]
    lists: Lexicon
    labels: list[Kind | None]
    scores: list[float]

    def gap(self, i: int) -> str:
        """What stands between word ``i`` and the next."""
        return self.text[self.found[i].end : self.found[i + 1].start]

    def begins(self, i: int) -> bool:
        """Whether a sentence or line begins with word ``i``, so that its capital says nothing."""
        if i == 0:
            return True
        gap = self.gap(i - 1)
        if gap == ". " and self.found[i - 1].key in TITLES | {"st"}:
            return False
        return any(c in ".?!:\n" for c in gap)

    def capital(self, i: int) -> bool:
        """Whether word ``i`` has a capital that means something."""
        return self.found[i].text[0].isupper() and not self.begins(i)

    def common(self, i: int) -> int:
        """How common word ``i`` is, 0 to 4."""
        return self.lists.commonness(self.found[i].key)

    def before(self, i: int, count: int) -> str:
        """The characters before word ``i``."""
        start = self.found[i].start
        return self.text[max(0, start - count) : start]

    def mark(self, i: int, kind: Kind, score: float) -> None:
        """Label word ``i``."""
        self.labels[i] = kind
        self.scores[i] = max(self.scores[i], round(score, 4))

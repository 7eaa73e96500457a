"""What leaves the room: one module a family of formats, all from the same reviewed segments."""

from ipt_nlp.review.exports.made import KINDS, Export, Kind, make_export
from ipt_nlp.review.exports.reviewed import Reviewed, reviewed_segments

__all__ = ["KINDS", "Export", "Kind", "Reviewed", "make_export", "reviewed_segments"]

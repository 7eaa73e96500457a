"""What in a text could identify someone: found, listed, and replaced in a copy."""

from ipt_nlp.identifiers.finder import IdentifierFinder
from ipt_nlp.identifiers.kinds import FoundIdentifier, Kind, Level, Profile
from ipt_nlp.identifiers.search import has_identifiers

__all__ = ["FoundIdentifier", "IdentifierFinder", "Kind", "Level", "Profile", "has_identifiers"]

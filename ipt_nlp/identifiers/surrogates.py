"""Invented names, addresses and numbers to stand in for real ones, drawn by a keyed hash.

The lists are small and plain on purpose: a surrogate should read naturally and be recognisable as
one of these by whoever holds the key. Numbers and mail domains come from ranges reserved for
fiction.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipt_nlp.identifiers.pseudonyms import Entry, Pseudonyms

FIRST = """Ada Alban Alma Amory Ansel Arden Aubrey Avis Basil Benet Beryl Blythe Briar Cade
Calla Carrick Cass Celia Cerys Clement Clove Corin Dara Della Denzil Dilwyn Dinah Doran Edda
Edith Elgin Elowen Ember Enid Errol Esme Evander Fabian Fern Fidel Flora Garnet Gideon Greer
Griffin Hadley Halden Harlan Hazel Hester Hollis Ilsa Ines Ione Isla Ivor Jago Jory Juniper Kester
Kit Lamorna Larkin Leif Lennox Linden Lorna Lowell Lyle Mabel Maren Marlow Merrin Milo Mirren
Morwenna Nell Nerys Ned Niall Odell Odette Olwen Orin Otis Otto Pascoe Percy Perran Petra Piran
Quill Ramona Reed Rhoda Roma Rowan Rufus Sabin Selwyn Senna Sidra Silas Sorrel Sylvie Tamsin Tansy
Tavi Thea Tobin Tilda Una Ursa Vance Verity Vesper Wendel Willa Winslow Wren Xanthe Yorick Zelda
Zora""".split()
LAST = """Ackerley Alderwick Appledore Ashgrove Barrowby Birkland Blackmere Bramwell Brockhurst
Calloway Carrowmore Coldbrook Cranleigh Dalewood Danescourt Deepdale Dunmere Eastlake Elmhurst
Fairbourne Farleigh Fenwright Fernsby Foxcroft Garrowby Glanford Greenhalgh Hallowell Harbright
Hartleby Hawksmoor Heatherley Highcliff Holbrooke Inglewood Ivesdale Kestrel Kilmory Kingsmere
Langthorne Larkspur Leybourne Linfield Lockridge Marchbank Mereworth Millwright Moorcroft
Netherby Northcote Oakhanger Orchardson Oxley Penhallow Plumstead Quarrendon Ravensdale Redfern
Ridgeway Rookwood Sandford Seabright Shawcross Silverdale Southwell Stanbury Stonehouse Swinford
Tarrant Thistlewood Thornbury Tidewell Upcott Vineyard Wainfleet Waverley Westbrook Whitcombe
Winterbourne Woodroffe Wychwood Yarrow""".split()
STEMS = """Alder Amber Ash Barrow Beacon Birch Black Bram Bright Brook Cedar Cinder Clear Cold
Copper Cran Crow Dale Deep Dun East Elder Elm Fair Fen Fern Flint Fox Glen Gold Gran Green Hal
Harrow Hart Haw Hazel Heron High Hollin Iron Juniper Kes Lark Lea Ling Lock Lyn Maple Marl Mar
Mill Moor Moss Nether North Oak Orch Ottar Pen Pine Quarry Raven Red Ridge Rook Rowan Sal Sand
Sedge Shale Silver Skel South Stan Stone Swal Tarn Thistle Thorn Thrush Tol Under Vale Wall Water
West Whin White Wil Willow Winter Wold Wood Wren Wych Yar""".split()
PLACE_ENDINGS = """bourne bridge brook burn bury by church cliff combe cote croft dale don field
fold ford gate ham haven holme hurst ing ley low mere minster more mouth ness over port ridge
shaw shiel stead stock stoke ton vale wall well wick wood worth""".split()
PLACE_SECOND = """Bay Bend Bluff Bridge Corner Creek Cross Falls Ferry Flats Green Grove Harbour
Heath Hill Hollow Island Junction Landing Mills Point Prairie Reach Ridge Rock Springs Station
Valley""".split()
WORKPLACES = """Bakery Books Builders Carpets Catering Ceramics Cleaning Clinic Components
Consulting Couriers Credit Union Dairy Dental Design Electrical Engineering Farm Finance Foods
Freight Furniture Garage Garden Centre Glass Group Hardware Holdings Hospital Hotel Housing
Insurance Interiors Joinery Kitchens Laundry Logistics Lettings Lodge Medical Centre Motors
Nursery Optics Packaging Paints Pharmacy Plastics Plumbing Press Print Properties Recruitment
Roofing Salon Security Shipping Signs Software Solutions Surgery Systems Taxis Textiles Tiles
Timber Tools Transport Travel Vets Water Windows Works""".split()
SCHOOLS = """Academy College Elementary Grammar High School Infants Middle School Nursery
Polytechnic Prep Primary Primary School Secondary Sixth Form Technical College University""".split()
STREETS = """Avenue Close Court Crescent Drive Gardens Grove Lane Mews Parade Place Rise Road
Row Street Terrace Walk Way""".split()


def number(key: bytes, *what: str) -> int:
    """A large number that depends on the key and on what it is for alone."""
    digest = hmac.new(key, "\x1f".join(what).encode("utf-8"), hashlib.sha256).digest()
    return int.from_bytes(digest[:12], "big")


def invent(made: Pseudonyms, entry: Entry, text: str) -> str | None:
    """An invented stand-in for ``text``, remembered in ``entry``; None for kinds without any."""
    if entry.kind == "person":
        return _person(made, entry, text)
    if not entry.surrogate:
        drawn = _draw(made, entry)
        if drawn is None:
            return None
        entry.surrogate = [drawn]
    return entry.surrogate[0].lower() if text.islower() else entry.surrogate[0]


def _person(made: Pseudonyms, entry: Entry, text: str) -> str:
    """Part by part: the surrogate of a first name alone is that of the first name."""
    from ipt_nlp.identifiers.pseudonyms import name_words

    while len(entry.surrogate) < len(entry.names):
        place = len(entry.surrogate)
        listed = LAST if place and place == len(entry.names) - 1 else FIRST
        entry.surrogate.append(_free(made, listed, "person", str(entry.number), str(place)))
    parts = [entry.surrogate[entry.names.index(n)] for n in name_words(text) if n in entry.names]
    name = " ".join(parts) or entry.surrogate[0]
    if text.islower():
        return name.lower()
    return name.upper() if text.isupper() and len(text) > 2 else name


def _free(made: Pseudonyms, listed: list[str], *what: str) -> str:
    start = number(made.secret, *what)
    for step in range(len(listed)):
        name = listed[(start + step) % len(listed)]
        if made.free(name):
            return name
    # All are taken: two of the list as one.
    for step in range(len(listed) ** 2):
        first = listed[(start + step) % len(listed)]
        name = f"{first}-{listed[(start + step // len(listed)) % len(listed)]}"
        if made.free(name):
            return name
    return f"Person{start % 10**6}"


def _draw(made: Pseudonyms, entry: Entry) -> str | None:
    """An invented number, address or name of a place that nothing else has."""
    n = number(made.secret, entry.kind, str(entry.number))
    taken = {part for e in made.entries for part in e.surrogate}
    drawn = None
    for step in range(1000):
        drawn = _drawn(entry.kind, n, step)
        if drawn is None or (drawn not in taken and _free_words(made, drawn)):
            break
    return drawn


def _drawn(kind: str, n: int, step: int) -> str | None:
    stem = STEMS[(n + step) % len(STEMS)]
    place = stem + PLACE_ENDINGS[(n // 97 + step // 7) % len(PLACE_ENDINGS)]
    few = (n // 89 + step) % 1000
    return {
        "phone": f"07700 900{few:03d}",
        "email": f"{stem.lower()}{few}@example.com",
        "handle": f"@{stem.lower()}_{few}",
        "url": f"www.{stem.lower()}{few}.example",
        "address": f"{few % 180 + 1} {place} {STREETS[n // 31 % len(STREETS)]}",
        "postcode": f"ZZ99 {few % 10}Z{chr(65 + few // 10 % 26)}",
        "id_number": f"999 000 {few:04d}",
        "employer": f"{place} {WORKPLACES[n // 53 % len(WORKPLACES)]}",
        "school": f"{place} Academy",
        "place": place,
    }.get(kind)


def _free_words(made: Pseudonyms, drawn: str) -> bool:
    """Whether no word that makes the name one is a word of the texts."""
    name = drawn.split()[0]
    return not name.isalpha() or made.free(name)

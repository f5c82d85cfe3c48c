"""Sale conditions of the tapes, letter by letter, to our words (pure).

The broker hands through what the consolidated tapes say: one letter per condition, those of the
CTA plan (New York and Arca listings) and of the UTP plan (Nasdaq listings), which agree in all that
is read here. What says nothing against an aggressor (odd lot I, sweep F, extended hours T) is kept
as it came.
"""

_AUCTION, _LATE, _OUT_OF_SEQUENCE, _COMPLEX = "AUCTION", "LATE", "OUT_OF_SEQUENCE", "COMPLEX"
_WORDS = {
    "O": _AUCTION,  # the market center's opening trade
    "Q": _AUCTION,  # its official open
    "5": _AUCTION,  # reopening
    "6": _AUCTION,  # closing trade
    "M": _AUCTION,  # official close
    "9": _AUCTION,  # corrected consolidated close
    "L": _LATE,  # sold last
    "P": _LATE,  # at a price of before
    "Z": _OUT_OF_SEQUENCE,
    "U": _OUT_OF_SEQUENCE,  # in extended hours
    "G": _OUT_OF_SEQUENCE,  # bunched
    "4": _COMPLEX,  # priced by a derivative
    "7": _COMPLEX,  # qualified contingent
    "V": _COMPLEX,  # contingent
    "B": _COMPLEX,  # average price, or bunched
    "W": _COMPLEX,  # average price
    "H": _COMPLEX,  # price variation
    "X": _COMPLEX,  # cross
    "C": _COMPLEX,  # cash
    "N": _COMPLEX,  # next day
    "R": _COMPLEX,  # seller
}
_KNOWN = frozenset(_WORDS.values())


def words(text: str) -> tuple[str, ...]:
    """Our words for the broker's text, each once, in its order; unknown letters stay letters."""
    found: dict[str, None] = {}
    for part in text.split():
        letters = [part] if part in _KNOWN else list(part)
        found.update((_WORDS.get(letter, letter), None) for letter in letters)
    return tuple(found)

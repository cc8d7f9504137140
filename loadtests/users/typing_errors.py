"""How people type a code: in other notations, which are accepted, or with an error."""

from random import Random


def written_freely(code: str, chance: Random) -> str:
    """Return the same code in a notation of people and phones."""
    return chance.choice((code.lower(), f" {code} ", code.replace("-", "\N{EN DASH}"), code))


def mistyped(code: str, chance: Random) -> str:
    """Return a code with one typing error; it may be the code of another dossier."""
    place = chance.choice([at for at, letter in enumerate(code) if letter.isdigit()])
    other = chance.choice([digit for digit in "0123456789" if digit != code[place]])
    wrong = chance.choice((other, "", 2 * code[place]))
    return code[:place] + wrong + code[place + 1 :]

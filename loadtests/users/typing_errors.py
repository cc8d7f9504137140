"""How people write a code down: freely, which is forgiven, and wrongly, which is not."""

from random import Random


def written_freely(code: str, chance: Random) -> str:
    """The same code as a person or a phone writes it."""
    return chance.choice((code.lower(), f" {code} ", code.replace("-", "\N{EN DASH}"), code))


def mistyped(code: str, chance: Random) -> str:
    """Another code, one slip of the finger away; it may even be somebody else's."""
    place = chance.choice([at for at, letter in enumerate(code) if letter.isdigit()])
    other = chance.choice([digit for digit in "0123456789" if digit != code[place]])
    wrong = chance.choice((other, "", 2 * code[place]))
    return code[:place] + wrong + code[place + 1 :]

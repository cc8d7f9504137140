"""A sealed actor: the verified sender of a command that is stored on Kafka with the command.

The API key itself is never stored. The record holds the actor in plain text and a seal, an
HMAC-SHA-256 over the actor and the command's bytes. Only a holder of the secret can make a seal, so
no other person can change the actor or the command. A reader of the topic can only send the same
command again, which has no further effect. The seal stays valid if the API key is revoked later.
"""

import hashlib
import hmac

import msgspec

from tracker.domain.dossier.actors import Actor
from tracker.domain.errors import NotAllowedError

_PURPOSE = b"tracker inbox actor v1\n"
_ACTOR = msgspec.json.Decoder(Actor)


class BrokenActorSealError(NotAllowedError):
    """The seal of this record is invalid: its actor or its command was changed."""


class ActorSeal:
    """Seals actors with one secret."""

    def __init__(self, secret: bytes) -> None:
        """Use this secret of 32 bytes, which is derived from the master key."""
        self._secret = secret

    def seal(self, actor: Actor, value: bytes, if_version: str) -> tuple[bytes, bytes]:
        """Return the actor as JSON, and the seal in hexadecimal."""
        text = msgspec.json.encode(actor)
        return text, self._mac(text, value, if_version)

    def open(self, text: bytes, seal: bytes, value: bytes, if_version: str) -> Actor:
        """Return the sealed actor. Raise `BrokenActorSealError` if the seal does not match."""
        if not hmac.compare_digest(seal, self._mac(text, value, if_version)):
            raise BrokenActorSealError
        return _ACTOR.decode(text)

    def _mac(self, text: bytes, value: bytes, if_version: str) -> bytes:
        sealed = b"\n".join((text, hashlib.sha256(value).digest(), if_version.encode()))
        return hmac.digest(self._secret, _PURPOSE + sealed, "sha256").hex().encode()

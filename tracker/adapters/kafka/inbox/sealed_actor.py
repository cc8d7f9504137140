"""An actor whose key was checked once, so sealed that it can wait on Kafka beside a message.

The key itself is never written anywhere. Instead the actor stands there in the clear with a seal
(HMAC-SHA-256 under a secret of ours) over the actor and over the very bytes of the message: nobody
without the secret can put another actor or another message there. Who reads the topic can at most
hand the same message in again, which counts once. A key revoked meanwhile does not undo it.
"""

import hashlib
import hmac

import msgspec

from tracker.domain.dossier.actors import Actor
from tracker.domain.errors import NotAllowedError

_PURPOSE = b"tracker inbox actor v1\n"
_ACTOR = msgspec.json.Decoder(Actor)


class BrokenActorSealError(NotAllowedError):
    """The actor beside this message was not put there by us, or the message was changed."""


class ActorSeal:
    """Seals actors under one secret."""

    def __init__(self, secret: bytes) -> None:
        """Use this secret of 32 bytes; it is derived from the master key, not that key itself."""
        self._secret = secret

    def seal(self, actor: Actor, value: bytes, if_version: str) -> tuple[bytes, bytes]:
        """Return the actor as text, and the seal."""
        text = msgspec.json.encode(actor)
        return text, self._mac(text, value, if_version)

    def open(self, text: bytes, seal: bytes, value: bytes, if_version: str) -> Actor:
        """Return the actor back. Raise `BrokenActorSealError`."""
        if not hmac.compare_digest(seal, self._mac(text, value, if_version)):
            raise BrokenActorSealError
        return _ACTOR.decode(text)

    def _mac(self, text: bytes, value: bytes, if_version: str) -> bytes:
        what = b"\n".join((text, hashlib.sha256(value).digest(), if_version.encode()))
        return hmac.digest(self._secret, _PURPOSE + what, "sha256").hex().encode()

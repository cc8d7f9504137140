"""Check that the key that signs the log belongs to the stored checkpoints."""

from tracker.adapters.notary.ed25519 import BadLogKeyError, signers
from tracker.container import TransparencyLog
from tracker.domain.errors import CannotStartError
from tracker.settings import Settings

_RUNBOOK = "ops/README.md"


def check_log_key(log: TransparencyLog, settings: Settings, *, must_sign: bool) -> None:
    """Check that the key that signs the log belongs to the stored checkpoints.

    If `must_sign` is false, a process without a key may follow the log.
    """
    last, path = log.checkpoints.last(), settings.log_key_path()
    if not log.notary.is_ready():
        if last and must_sign:
            message = (
                f"The key that signs the log is missing: {path} does not exist. Put back a"
                " copy; if it is lost, run 'tracker log init --rotate'."
            )
            raise CannotStartError(message)
        return
    try:
        key = log.notary.public_key()
    except BadLogKeyError as error:
        raise CannotStartError(str(error)) from error
    if last is None:
        return
    origin = last.text.split("\n", 1)[0]
    if origin != settings.log_origin:
        message = (
            f"TRACKER_LOG_ORIGIN is {settings.log_origin}, but the checkpoints in the store are"
            f" of {origin}. Set it to {origin}."
        )
        raise CannotStartError(message)
    known = log.notary.public_keys() or [key]
    if key not in known or not signers(last, known):
        message = (
            f"{path} and its .pub file are not the keys that signed the checkpoints in the store."
            f" Put back copies of both; see 'The key of the log' in {_RUNBOOK}."
        )
        raise CannotStartError(message)


def check_new_log_key(log: TransparencyLog, settings: Settings, *, rotate: bool) -> None:
    """Check that a new key continues the log: the earlier keys must stay known."""
    last, path = log.checkpoints.last(), settings.log_key_path()
    if last is None or (log.notary.is_ready() and not rotate):
        return
    if not rotate:
        message = (
            f"This log has signed checkpoints, and its key {path} is missing. Put back a copy;"
            " if it is lost, use --rotate."
        )
        raise CannotStartError(message)
    if not signers(last, log.notary.public_keys()):
        message = (
            f"{path}.pub does not hold the key that signed the last checkpoint. Put it back first,"
            " or write the published public key into it."
        )
        raise CannotStartError(message)

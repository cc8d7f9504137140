"""`tracker verify --since FILE`: check the events after a checkpoint that an auditor kept."""

from pathlib import Path

from tracker.adapters.files.checkpoints import CheckpointFile
from tracker.adapters.notary.ed25519 import UnsignedNoteError
from tracker.application.audit.checkpoints import SilentPublisherError
from tracker.application.audit.verify_log import Begun
from tracker.application.audit.verify_since import begun
from tracker.cli.terminal.console import say
from tracker.cli.terminal.errors import CheckFailedError, UsageError
from tracker.container import Container
from tracker.domain.transparency_log.checkpoint import BadCheckpointError, Checkpoint
from tracker.domain.transparency_log.notes import BadNoteError, Note


def begun_at(container: Container, file: Path) -> tuple[Note, Begun]:
    """Return the checkpoint in the file, and the state of the log at it.

    Raise `UsageError` if the file holds no checkpoint of this log, `CheckFailedError` if the log
    does not continue the checkpoint.
    """
    note, checkpoint = _kept(container, file)
    state = begun(checkpoint, container.log.leaves, container.scan)
    if not isinstance(state, Begun):
        message = f"The log does not match the signed checkpoint: {state}"
        raise CheckFailedError(message)
    say(
        f"checkpoint: of {checkpoint.size} leaves, made {checkpoint.made_at}: signed, and the log"
        " continues it"
    )
    return note, state


def say_what_was_not_checked(events: int) -> None:
    """Print what a run that began at a checkpoint did not check."""
    say(
        f"Not read again: {events} events up to the checkpoint, of dossiers without a later event."
        " Their number is the signed one. Only the full 'tracker verify' checks their bytes. It"
        " also compares the read models, and the heads of all dossiers under the last checkpoint."
    )


def keep_last(file: Path, note: str) -> None:
    """Write the last valid checkpoint to the file. Raise `UsageError` if there is none."""
    if not note:
        message = "There is no checkpoint to keep yet. 'tracker log checkpoint' makes one."
        raise UsageError(message)
    CheckpointFile(file).replace(note)
    say(f"kept: the checkpoint of {Checkpoint.parse(Note.parse(note).text).size} leaves, in {file}")


def _kept(container: Container, file: Path) -> tuple[Note, Checkpoint]:
    try:
        note = CheckpointFile(file).last()
        if note is None:
            message = f"{file}: there is no checkpoint in it."
            raise UsageError(message)
        container.log.notary.check(note)
        checkpoint = Checkpoint.parse(note.text)
    except (BadNoteError, BadCheckpointError, UnsignedNoteError, SilentPublisherError) as error:
        message = f"{file}: {error}"
        raise UsageError(message) from error
    if checkpoint.origin != container.settings.log_origin or checkpoint.size < 1:
        message = (
            f"{file}: this is a checkpoint of {checkpoint.size} leaves of the log"
            f" {checkpoint.origin}."
        )
        raise UsageError(message)
    return note, checkpoint

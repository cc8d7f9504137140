"""`tracker verify --since FILE`: what came after a checkpoint that an auditor kept."""

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


def begun_at(it: Container, file: Path) -> tuple[Note, Begun]:
    """Return the checkpoint in the file, and the log as it stood then, which goes on from it.

    Raise `UsageError` where the file holds none of this log's, `CheckFailedError` where the log
    is not the one that was signed.
    """
    note, said = _kept(it, file)
    found = begun(said, it.log.leaves, it.scan)
    if not isinstance(found, Begun):
        message = f"What was signed is not what is there: {found}"
        raise CheckFailedError(message)
    say(f"checkpoint: of {said.size} leaves, made {said.made_at}: signed, and the log continues it")
    return note, found


def say_what_was_left(events: int) -> None:
    """Say what a run that began at a checkpoint did not look at."""
    say(
        f"Not read again: {events} events up to the checkpoint, of dossiers to which nothing"
        " happened since. They are as many as were signed; that their bytes are still those, only"
        " the full 'tracker verify' can tell. It also compares the read models, and the heads of"
        " all dossiers under the last checkpoint."
    )


def keep_last(file: Path, note: str) -> None:
    """Put the last checkpoint that was found right into the file. Raise `UsageError`."""
    if not note:
        message = "There is no checkpoint to keep yet. 'tracker log checkpoint' makes one."
        raise UsageError(message)
    CheckpointFile(file).replace(note)
    say(f"kept: the checkpoint of {Checkpoint.parse(Note.parse(note).text).size} leaves, in {file}")


def _kept(it: Container, file: Path) -> tuple[Note, Checkpoint]:
    try:
        note = CheckpointFile(file).last()
        if note is None:
            message = f"{file}: there is no checkpoint in it."
            raise UsageError(message)
        it.log.notary.check(note)
        said = Checkpoint.parse(note.text)
    except (BadNoteError, BadCheckpointError, UnsignedNoteError, SilentPublisherError) as error:
        message = f"{file}: {error}"
        raise UsageError(message) from error
    if said.origin != it.settings.log_origin or said.size < 1:
        message = f"{file}: this is a checkpoint of {said.size} leaves of the log {said.origin}."
        raise UsageError(message)
    return note, said

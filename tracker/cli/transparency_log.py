"""`tracker log`: the key, checkpoints and proofs of the Merkle log."""

from pathlib import Path
from typing import Annotated

import orjson
import typer

from tracker.cli.terminal.console import note, say
from tracker.cli.terminal.context import catch_up, me, opened
from tracker.cli.terminal.errors import UsageError
from tracker.domain.dossier.actors import Role
from tracker.domain.dossier.codes import tidied
from tracker.domain.transparency_log.notes import Note
from tracker.start_checks.log_key import check_log_key, check_new_log_key


def log() -> typer.Typer:
    """Return the commands of this group."""
    app = typer.Typer(
        help="Sign the Merkle log, show its state, make proofs.", no_args_is_help=False
    )
    app.command("init")(init)
    app.command("status")(status)
    app.command("checkpoint")(checkpoint)
    app.command("prove")(prove)
    app.command("cosign")(cosign)
    return app


def init(
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Replace the present key by a new one.")
    ] = False,
) -> None:
    """Make the key that signs the log, and print the public key.

    Give the public key to the people who check proofs. Do not send it through this service.
    """
    with opened() as container:
        check_new_log_key(container.log, container.settings, rotate=rotate)
        say(str(container.log.notary.make_key(rotate=rotate)))
    note("Keep copies of the key file and of its .pub file in another place.")


def status() -> None:
    """Show the public keys, the size of the log and its last checkpoint."""
    with opened() as container:
        for key in container.log.notary.public_keys():
            say(f"key {key}")
        say(
            f"leaves {container.log.leaves.size()} up to position {container.log.leaves.position()}"
        )
        last = container.log.checkpoints.last()
        say(str(last).rstrip("\n") if last else "no checkpoint yet")


def checkpoint() -> None:
    """Sign the log as it is now, unless it is signed already, and print the checkpoint."""
    with opened() as container:
        check_log_key(container.log, container.settings, must_sign=True)
        catch_up(container)
        container.log.maker.prepare()
        container.log.maker.make()
        say(str(container.log.prover.checkpoint()).rstrip("\n"))


def prove(
    code: Annotated[str, typer.Argument(metavar="CODE", help="Such as H26.05-261122-0042.")],
    since: Annotated[
        int | None,
        typer.Option(metavar="SIZE", min=1, help="The size of a checkpoint that you kept."),
    ] = None,
) -> None:
    """Print a proof of one dossier's history, or a proof that the dossier does not exist.

    This access is recorded. Check the proof with tracker/verifier/verify_proof.py.
    """
    with opened() as container:
        proof = container.log.prover.prove_to(me(Role.AUDITOR), tidied(code), since=since)
    say(orjson.dumps(proof, option=orjson.OPT_INDENT_2).decode())


def cosign(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A checkpoint with cosignatures.")],
) -> None:
    """Store the signatures of known witnesses under a checkpoint.

    The file TRACKER_LOG_WITNESS_KEYS_FILE holds their public keys, one a line.
    """
    with opened() as container:
        if container.settings.log_witness_keys_file is None:
            message = (
                "TRACKER_LOG_WITNESS_KEYS_FILE is not set. Set it to the file of witness keys."
            )
            raise UsageError(message)
        witnesses = container.log.witnessing.take(Note.parse(file.read_text(encoding="utf-8")))
    say(f"Taken: {', '.join(witnesses)}")

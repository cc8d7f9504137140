"""`tracker log`: the key, the checkpoints and the proofs of the Merkle log."""

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
    app = typer.Typer(help="Sign, look at and prove the Merkle log.", no_args_is_help=False)
    app.command("init")(init)
    app.command("status")(status)
    app.command("checkpoint")(checkpoint)
    app.command("prove")(prove)
    app.command("cosign")(cosign)
    return app


def init(
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Put a new key in the place of the one there is.")
    ] = False,
) -> None:
    """Make the key that signs the log, and print its public half.

    Hand the public key to whoever is to check proofs, by a way that is not this service's own.
    """
    with opened() as it:
        check_new_log_key(it.log, it.settings, rotate=rotate)
        say(str(it.log.notary.make_key(rotate=rotate)))
    note("Keep copies of the key's file, and of the .pub file beside it, in another place.")


def status() -> None:
    """Show the public keys, the size of the log and its last checkpoint."""
    with opened() as it:
        for key in it.log.notary.public_keys():
            say(f"key {key}")
        say(f"leaves {it.log.leaves.size()} up to position {it.log.leaves.position()}")
        last = it.log.checkpoints.last()
        say(str(last).rstrip("\n") if last else "no checkpoint yet")


def checkpoint() -> None:
    """Sign the log as it is now, unless that was done already, and print the checkpoint."""
    with opened() as it:
        check_log_key(it.log, it.settings, must_sign=True)
        catch_up(it)
        it.log.maker.prepare()
        it.log.maker.make()
        say(str(it.log.prover.checkpoint()).rstrip("\n"))


def prove(
    code: Annotated[str, typer.Argument(metavar="CODE", help="Such as H26.05-261122-0042.")],
    since: Annotated[
        int | None,
        typer.Option(metavar="SIZE", min=1, help="The size of a checkpoint that was kept."),
    ] = None,
) -> None:
    """Print the proof of one dossier's history, or that there is none, as a file to hand out.

    The look is recorded. Check it with tracker/verifier/verify_proof.py.
    """
    with opened() as it:
        proof = it.log.prover.prove_to(me(Role.AUDITOR), tidied(code), since=since)
    say(orjson.dumps(proof, option=orjson.OPT_INDENT_2).decode())


def cosign(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A checkpoint with cosignatures.")],
) -> None:
    """Take over the signatures that known witnesses put under a checkpoint.

    Their public keys stand in the file TRACKER_LOG_WITNESS_KEYS_FILE, one a line.
    """
    with opened() as it:
        if it.settings.log_witness_keys_file is None:
            message = "TRACKER_LOG_WITNESS_KEYS_FILE is not set; no witness is known."
            raise UsageError(message)
        taken = it.log.witnessing.take(Note.parse(file.read_text(encoding="utf-8")))
    say(f"Taken: {', '.join(taken)}")

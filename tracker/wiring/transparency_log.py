"""Wire the transparency log: its key, its checkpoints and their publishers, its proofs."""

from collections.abc import Callable
from datetime import datetime

from tracker.adapters.files.checkpoints import CheckpointFile
from tracker.adapters.kafka.audit.checkpoints import KafkaCheckpoints
from tracker.adapters.notary.ed25519 import Notary, WitnessKeys
from tracker.adapters.sql.read_models.transparency_log import SqlTransparencyLog
from tracker.adapters.sql.service_tables.access_log import SqlAccessLog
from tracker.adapters.sql.service_tables.checkpoints import SqlCheckpoints
from tracker.application.audit.checkpoints import CheckpointMaker, Publisher
from tracker.application.audit.proofs import Prover
from tracker.application.audit.witnesses import Witnessing
from tracker.application.ports import DossierRecorder
from tracker.container import TransparencyLog
from tracker.settings import Settings
from tracker.wiring.kafka import kafka_connection, topic_names


def wire_transparency_log(
    settings: Settings,
    *,
    leaves: SqlTransparencyLog,
    checkpoints: SqlCheckpoints,
    store: DossierRecorder,
    access_log: SqlAccessLog,
    now: Callable[[], datetime],
    lost_at: Callable[[str], int | None],
) -> TransparencyLog:
    """Return the transparency log; `lost_at` returns the size that a lost checkpoint had."""
    notary = Notary(settings.log_key_path(), settings.log_origin)
    publishers: list[Publisher] = []
    if settings.log_checkpoint_file:
        publishers.append(CheckpointFile(settings.log_checkpoint_file))
    if settings.kafka_servers:
        publishers.append(KafkaCheckpoints(kafka_connection(settings), topic_names(settings)))
    maker = CheckpointMaker(
        log=leaves,
        store=store,
        checkpoints=checkpoints,
        notary=notary,
        publishers=publishers,
        origin=settings.log_origin,
        now=now,
        lost_at=lost_at,
    )
    prover = Prover(
        store=store, log=leaves, checkpoints=checkpoints, access_log=access_log, now=now
    )
    witnessing = Witnessing(checkpoints, WitnessKeys(settings.log_witness_keys_file))
    origin = settings.log_origin
    return TransparencyLog(
        leaves, checkpoints, notary, publishers, maker, prover, witnessing, origin
    )

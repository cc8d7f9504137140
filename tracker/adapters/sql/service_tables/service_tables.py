"""The tables that cannot be rebuilt from the events."""

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Engine,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Uuid,
)

from tracker.adapters.sql.columns import Instant
from tracker.adapters.sql.engine import writing
from tracker.adapters.sql.migrate import Branch, check_migrated

REGISTRY = MetaData()

API_KEYS = Table(
    "api_keys",
    REGISTRY,
    Column("id", String, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("role", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("office", String, nullable=False),
    Column("partner", String, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("revoked_at", Instant),
)

CODE_BLOCKS = Table(
    "code_blocks",
    REGISTRY,
    Column("id", String, primary_key=True),
    Column("agency", String, nullable=False),
    Column("day", Date, nullable=False),
    Column("first", Integer, nullable=False),
    Column("last", Integer, nullable=False),
    Column("leased_to", String, nullable=False),
    Column("leased_at", Instant, nullable=False),
)
Index(
    "code_blocks_by_number",
    CODE_BLOCKS.c.agency,
    CODE_BLOCKS.c.day,
    CODE_BLOCKS.c.first,
    unique=True,
)

UNUSED_CODES = Table(
    "unused_codes",
    REGISTRY,
    Column("block_id", String, primary_key=True),
    Column("first", Integer, primary_key=True),
    Column("last", Integer, nullable=False),
)

READS = Table(
    "reads",
    REGISTRY,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("dossier_id", String, nullable=False),
    Column("what", String, nullable=False),
    Column("role", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("office", String, nullable=False),
    Column("read_at", Instant, nullable=False),
    Column("reason", String, nullable=False),
)
Index("reads_by_dossier", READS.c.dossier_id, READS.c.read_at)

INSTALLATION_FACTS = Table(
    "installation_facts",
    REGISTRY,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)

LOG_CHECKPOINTS = Table(
    "log_checkpoints",
    REGISTRY,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("note", String, nullable=False),
)

STORE_EPOCHS = Table(
    "store_epochs",
    REGISTRY,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("began_at", Instant, nullable=False),
    Column("head", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("source", String, nullable=False),
    Column("decided_by", String, nullable=False),
    Column("decision", String, nullable=False),
    Column("kept_checkpoint", BigInteger, nullable=False),
    Column("lost_checkpoints", String, nullable=False),
)

LOST_KEYS = Table(
    "lost_keys",
    REGISTRY,
    Column("dossier_id", Uuid, primary_key=True),
    Column("code", String, nullable=False),
    Column("decided_at", Instant, nullable=False),
    Column("decided_by", String, nullable=False),
    Column("decision", String, nullable=False),
)

DELIVERIES = Table(
    "deliveries",
    REGISTRY,
    Column("target", String, primary_key=True),
    Column("dossier_id", Uuid, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("id", String, nullable=False),
    Column("code", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("notice", LargeBinary, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("reason", String, nullable=False),
)
Index("deliveries_due", DELIVERIES.c.target, DELIVERIES.c.state, DELIVERIES.c.due_at)
Index("deliveries_by_id", DELIVERIES.c.id, unique=True)

RECEIPT_TOKENS = Table(
    "receipt_tokens",
    REGISTRY,
    Column("dossier_id", Uuid, primary_key=True),
    Column("generation", Integer, nullable=False),
)

WRONG_TRIES = Table(
    "wrong_tries",
    REGISTRY,
    Column("dossier_id", Uuid, primary_key=True),
    Column("tries", Integer, nullable=False),
    Column("tried_at", Instant, nullable=False),
    Column("locked_at", Instant),
)
Index("wrong_tries_by_lock", WRONG_TRIES.c.locked_at)

SESSIONS = Table(
    "sessions",
    REGISTRY,
    Column("digest", LargeBinary, primary_key=True),
    Column("key_id", String, nullable=False),
    Column("ends_at", Instant, nullable=False),
)
Index("sessions_by_end", SESSIONS.c.ends_at)


def create_service_tables(engine: Engine) -> None:
    """Create the missing tables. On PostgreSQL only check that they are migrated."""
    if engine.dialect.name == "postgresql":
        check_migrated(engine, Branch.EVENTS)
        return
    with writing(engine).begin() as connection:
        REGISTRY.create_all(connection)

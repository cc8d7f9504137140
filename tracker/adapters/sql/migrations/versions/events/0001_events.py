"""Creates the tables of events, requests, keys, code blocks, API keys and reads.

No foreign key points to the events. A statement that inserts events waits for one lock and holds it
until its transaction ends. So positions are in the order of commits.
"""

import sqlalchemy as sa
from alembic import op

revision = "events_0001"
down_revision = None
branch_labels = ("events",)
depends_on = None

_EVENTS = """
CREATE TABLE stored_events (
    notification_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    originator_id uuid NOT NULL,
    originator_version bigint NOT NULL,
    topic text NOT NULL,
    state bytea NOT NULL,
    CONSTRAINT stored_events_version UNIQUE (originator_id, originator_version)
);

CREATE FUNCTION stored_events_in_order() RETURNS trigger LANGUAGE plpgsql
SET lock_timeout = '10s' AS $$
BEGIN
    PERFORM pg_advisory_xact_lock('stored_events'::regclass::oid::bigint);
    RETURN NULL;
END $$;

CREATE TRIGGER stored_events_in_order BEFORE INSERT ON stored_events
    FOR EACH STATEMENT EXECUTE FUNCTION stored_events_in_order();

CREATE FUNCTION stored_events_leave_no_gap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM added
        WHERE originator_version < 1 OR originator_version > 1 AND NOT EXISTS (
            SELECT FROM stored_events AS before
            WHERE before.originator_id = added.originator_id
            AND before.originator_version = added.originator_version - 1
            AND before.notification_id < added.notification_id
        )
    ) THEN
        RAISE EXCEPTION 'a version must follow its predecessor'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER stored_events_leave_no_gap AFTER INSERT ON stored_events
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION stored_events_leave_no_gap();

CREATE FUNCTION stored_events_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'stored events are never changed or deleted'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER stored_events_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON stored_events
    FOR EACH STATEMENT EXECUTE FUNCTION stored_events_stay();

CREATE TABLE requests (
    source text NOT NULL,
    event_id text NOT NULL,
    digest bytea NOT NULL,
    code text NOT NULL,
    version bigint NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (source, event_id)
);

CREATE TABLE dossier_keys (
    dossier_id uuid PRIMARY KEY,
    wrapped bytea NOT NULL
);
"""


def upgrade() -> None:
    """Create the tables and their triggers."""
    op.execute(_EVENTS)
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("office", sa.String, nullable=False),
        sa.Column("partner", sa.String, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger),
    )
    op.create_table(
        "code_blocks",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("agency", sa.String, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("first", sa.Integer, nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.Column("leased_to", sa.String, nullable=False),
        sa.Column("leased_at", sa.BigInteger, nullable=False),
    )
    op.create_index("code_blocks_by_number", "code_blocks", ["agency", "day", "first"], unique=True)
    op.create_table(
        "unused_codes",
        sa.Column("block_id", sa.String, primary_key=True),
        sa.Column("first", sa.Integer, primary_key=True),
        sa.Column("last", sa.Integer, nullable=False),
    )
    op.create_table(
        "reads",
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("dossier_id", sa.String, nullable=False),
        sa.Column("what", sa.String, nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("office", sa.String, nullable=False),
        sa.Column("read_at", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
    )
    op.create_index("reads_by_dossier", "reads", ["dossier_id", "read_at"])


def downgrade() -> None:
    """Raise `NotImplementedError`: events must not be deleted."""
    message = "Events are for ever; there is no way back before them."
    raise NotImplementedError(message)

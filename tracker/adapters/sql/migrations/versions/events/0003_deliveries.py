"""Creates the table of deliveries, so that a rebuilt outbox sends no notification twice."""

import sqlalchemy as sa
from alembic import op

revision = "events_0003"
down_revision = "events_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "deliveries",
        sa.Column("target", sa.String, primary_key=True),
        sa.Column("dossier_id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.BigInteger, primary_key=True),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("code", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("notice", sa.LargeBinary, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
    )
    op.create_index("deliveries_due", "deliveries", ["target", "state", "due_at"])
    op.create_index("deliveries_by_id", "deliveries", ["id"], unique=True)


def downgrade() -> None:
    """Raise `NotImplementedError`: all notifications would be sent again."""
    message = "What was told would be told again; there is no way back."
    raise NotImplementedError(message)

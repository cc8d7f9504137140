"""Creates the table of signed checkpoints, which no rebuild of read models changes."""

import sqlalchemy as sa
from alembic import op

revision = "events_0004"
down_revision = "events_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table, with at most one signed checkpoint per size."""
    op.create_table(
        "log_checkpoints",
        sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("note", sa.String, nullable=False),
    )


def downgrade() -> None:
    """Raise `NotImplementedError`: signed checkpoints must not be deleted."""
    message = "Signed checkpoints are for ever; there is no way back before them."
    raise NotImplementedError(message)

"""The signed checkpoints of the Merkle log, which no rebuild of read models may touch."""

import sqlalchemy as sa
from alembic import op

revision = "events_0004"
down_revision = "events_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table: one signed checkpoint for a size, and never a second."""
    op.create_table(
        "log_checkpoints",
        sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("note", sa.String, nullable=False),
    )


def downgrade() -> None:
    """Refuse: what was signed cannot be taken back."""
    message = "Signed checkpoints are for ever; there is no way back before them."
    raise NotImplementedError(message)

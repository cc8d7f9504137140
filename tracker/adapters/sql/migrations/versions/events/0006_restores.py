"""Creates the tables of store epochs and lost keys."""

import sqlalchemy as sa
from alembic import op

revision = "events_0006"
down_revision = "events_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables: an epoch per restore, a row per dossier whose key is lost."""
    op.create_table(
        "store_epochs",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("began_at", sa.BigInteger, nullable=False),
        sa.Column("head", sa.BigInteger, nullable=False),
        sa.Column("seen", sa.BigInteger, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("decided_by", sa.String, nullable=False),
        sa.Column("decision", sa.String, nullable=False),
        sa.Column("kept_checkpoint", sa.BigInteger, nullable=False),
        sa.Column("lost_checkpoints", sa.String, nullable=False),
    )
    op.create_table(
        "lost_keys",
        sa.Column("dossier_id", sa.Uuid, primary_key=True),
        sa.Column("code", sa.String, nullable=False),
        sa.Column("decided_at", sa.BigInteger, nullable=False),
        sa.Column("decided_by", sa.String, nullable=False),
        sa.Column("decision", sa.String, nullable=False),
    )


def downgrade() -> None:
    """Raise `NotImplementedError`: without epochs a code could be used twice."""
    message = "Without the epochs a code could be given twice; there is no way back."
    raise NotImplementedError(message)

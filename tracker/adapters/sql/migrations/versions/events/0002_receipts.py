"""Creates the tables of revoked receipt tokens and of failed attempts."""

import sqlalchemy as sa
from alembic import op

revision = "events_0002"
down_revision = "events_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "receipt_tokens",
        sa.Column("dossier_id", sa.Uuid, primary_key=True),
        sa.Column("generation", sa.Integer, nullable=False),
    )
    op.create_table(
        "wrong_tries",
        sa.Column("dossier_id", sa.Uuid, primary_key=True),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("tried_at", sa.BigInteger, nullable=False),
        sa.Column("locked_at", sa.BigInteger),
    )
    op.create_index("wrong_tries_by_lock", "wrong_tries", ["locked_at"])


def downgrade() -> None:
    """Raise `NotImplementedError`: revoked tokens would be valid again."""
    message = "Tokens that were revoked would be good again; there is no way back."
    raise NotImplementedError(message)

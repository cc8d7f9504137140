"""Creates the table of open desk sessions, so that sign-out works on all nodes."""

import sqlalchemy as sa
from alembic import op

revision = "events_0007"
down_revision = "events_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "sessions",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("key_id", sa.String, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
    )
    op.create_index("sessions_by_end", "sessions", ["ends_at"])


def downgrade() -> None:
    """Drop the table. All users must sign in again."""
    op.drop_table("sessions")

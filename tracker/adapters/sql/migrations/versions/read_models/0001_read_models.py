"""The read models: which generation of each is live, how far each is, and their first tables.

They may be dropped and made again from the events at any time.
"""

import sqlalchemy as sa
from alembic import op

revision = "read_models_0001"
down_revision = None
branch_labels = ("read_models",)
depends_on = None


def upgrade() -> None:
    """Make the registry; the program itself makes and drops the generations of tables."""
    op.create_table(
        "read_models",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("generation", sa.Integer, nullable=False),
    )
    op.create_table(
        "read_model_positions",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("generation", sa.Integer, primary_key=True),
        sa.Column("partition", sa.String, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("store_position", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Drop the registry; every read model is then rebuilt."""
    op.drop_table("read_model_positions")
    op.drop_table("read_models")

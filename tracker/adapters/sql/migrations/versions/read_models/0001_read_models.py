"""Creates the registry of read models: the live generation and the positions of each.

Read models can be dropped and rebuilt from the events at any time.
"""

import sqlalchemy as sa
from alembic import op

revision = "read_models_0001"
down_revision = None
branch_labels = ("read_models",)
depends_on = None


def upgrade() -> None:
    """Create the registry. The program itself creates and drops the tables of generations."""
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
    """Drop the registry. Every read model is then rebuilt."""
    op.drop_table("read_model_positions")
    op.drop_table("read_models")

"""Creates the table of facts about the installation, such as the master key's check value."""

import sqlalchemy as sa
from alembic import op

revision = "events_0005"
down_revision = "events_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table, with one value per name."""
    op.create_table(
        "installation_facts",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("value", sa.String, nullable=False),
    )


def downgrade() -> None:
    """Raise `NotImplementedError`: a wrong master key would be accepted."""
    message = "The check value of the master key must stay; there is no way back before it."
    raise NotImplementedError(message)

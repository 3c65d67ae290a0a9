"""Calls, their streams, their turns."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

_JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """From an empty database."""
    op.create_table(
        "calls",
        sa.Column("call_sid", sa.Text, nullable=False),
        sa.Column("stream_sid", sa.Text, nullable=False),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("asked", sa.Text),
        sa.Column("outcome", sa.Text),
        sa.Column("next_step", sa.Text, nullable=False),
        sa.Column("recording", sa.Text),
        sa.PrimaryKeyConstraint("call_sid", name="pk_calls"),
    )
    op.create_index("ix_calls_started_at", "calls", ["started_at"])
    op.create_table(
        "streams",
        sa.Column("call_sid", sa.Text, nullable=False),
        sa.Column("stream_sid", sa.Text, nullable=False),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("duration_ms", sa.Integer, nullable=False),
        sa.Column("counts", _JSON, nullable=False),
        sa.PrimaryKeyConstraint("call_sid", "stream_sid", name="pk_streams"),
        _of_call("streams"),
    )
    op.create_table(
        "turns",
        sa.Column("call_sid", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("stream_sid", sa.Text, nullable=False),
        sa.Column("caller", sa.Text),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("spoken", sa.Text, nullable=False),
        sa.Column("heard", sa.Text, nullable=False),
        sa.Column("interrupted", sa.Boolean, nullable=False),
        sa.Column("latency_ms", _JSON, nullable=False),
        sa.Column("timeline_ms", _JSON, nullable=False),
        sa.Column("quality", _JSON, nullable=False),
        sa.Column("tools", _JSON, nullable=False),
        sa.PrimaryKeyConstraint("call_sid", "number", name="pk_turns"),
        _of_call("turns"),
    )


def _of_call(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_call_sid"
    return sa.ForeignKeyConstraint(["call_sid"], ["calls.call_sid"], name, ondelete="CASCADE")

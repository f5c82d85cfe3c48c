"""Changes of rows that are seldom there: looked for before the write lock is."""

from typing import Any

from django.db.models import QuerySet


def change(rows: QuerySet[Any], **changes: Any) -> int:
    """Change rows by one conditional UPDATE if a read finds any; return how many were changed.

    For SQLite an UPDATE of no row is a write, too, and waits behind every other writer. What
    comes to fit after the read is for the next look: this is for what is looked at again.
    """
    return rows.update(**changes) if rows.exists() else 0

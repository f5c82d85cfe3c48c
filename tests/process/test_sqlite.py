"""Four processes write the platform's SQLite at once and lose nothing (ECOSYSTEM 0.9)."""

import pytest

pytestmark = [pytest.mark.process, pytest.mark.enable_socket]
WRITERS, EACH = 4, 150

WRITE = f"""
import django; django.setup()
from django.db import transaction
from quanticity import audit
for n in range({EACH}):
    with transaction.atomic():
        last = audit.AuditEntry.objects.count()
        audit.record("writer", "wrote", str(n), reason="read, then write, in one transaction", before=last)
"""
COUNT = "from quanticity.models import AuditEntry as A; print(A.objects.count())"


def test_four_writers_lose_nothing(place) -> None:
    assert place.manage("migrate", "--verbosity", "0").returncode == 0
    writers = [place.python(f"writer{n}", "-c", WRITE) for n in range(WRITERS)]

    codes = [writer.wait(timeout=60) for writer in writers]

    counted = place.manage("shell", "-v", "0", "-c", COUNT)
    assert (codes, counted.stdout.strip()) == ([0] * WRITERS, str(WRITERS * EACH))

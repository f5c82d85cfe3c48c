#!/usr/bin/env python
"""The operator's door."""

import os
import sys

from quanticity.domain.errors import QuantiCityError

# Commands that read files and compute: they start without pages, admin and queues.
SERVICELESS = ("analyze", "check_vectors")
# Processes: what ends one is told in full, in its log.
PROCESSES = ("run_gateway", "run_simulator")


def main() -> int:
    """Run one management command; a foreseen failure is one sentence and exit code 1 or 2."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quanticity.settings")
    if sys.argv[1:2] and sys.argv[1] in SERVICELESS:
        os.environ.setdefault("QC_APPS", "pure")
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except QuantiCityError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except _servers_away() as error:
        if "--traceback" in sys.argv or sys.argv[1] in PROCESSES:
            raise
        sys.stderr.write(f"{error}\n`manage.py up` prepares and starts what is needed here; ")
        sys.stderr.write("`manage.py doctor` says what is missing.\n")
        return 1
    return 0


# Looked up only when something failed: the serviceless commands need neither.
def _servers_away() -> tuple[type[Exception], ...]:
    """What database and store raise when they are away, or not prepared yet."""
    from django.db import OperationalError, ProgrammingError

    from quanticity.store.client import StoreDown

    return (OperationalError, ProgrammingError, StoreDown)


if __name__ == "__main__":
    sys.exit(main())

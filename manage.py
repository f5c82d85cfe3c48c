#!/usr/bin/env python
"""The operator's door."""

import os
import sys

from quanticity.domain.errors import QuantiCityError

# Commands that read files and compute: they start without pages, admin and queues.
SERVICELESS = ("analyze", "check_vectors")


def main() -> int:
    """Run one management command; a foreseen failure is one sentence and exit code 2."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quanticity.settings")
    if sys.argv[1:2] and sys.argv[1] in SERVICELESS:
        os.environ.setdefault("QC_APPS", "pure")
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except QuantiCityError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python
"""The operator's door."""

import os
import sys

from quanticity.domain.errors import QuantiCityError


def main() -> int:
    """Run one management command; a foreseen failure is one sentence and exit code 2."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quanticity.settings")
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except QuantiCityError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

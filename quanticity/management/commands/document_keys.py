"""`manage.py document_keys`: write the page of Redis keys anew."""

from typing import Any

from django.core.management.base import BaseCommand

from quanticity.store import catalogue


class Command(BaseCommand):
    """Write docs/redis-keys.md."""

    help = "Write docs/redis-keys.md from quanticity/store/keys.py."
    requires_system_checks = ()

    def handle(self, **_options: Any) -> None:
        """Write the page and say where."""
        catalogue.PAGE.parent.mkdir(exist_ok=True)
        catalogue.PAGE.write_text(catalogue.page())
        self.stdout.write(f"{catalogue.PAGE} is current")

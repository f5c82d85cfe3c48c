"""`manage.py down`: stop what `manage.py up` started here, in order."""

from typing import Any

import psutil
from django.conf import settings
from django.core.management.base import BaseCommand

from quanticity.domain.errors import ConfigError
from quanticity.runtime import states, supervisor

WITHIN_S = 15.0


class Command(BaseCommand):
    """Stop the platform on this machine."""

    help = "Stop everything that `up` started under this QC_VAR."
    requires_system_checks = ()

    def handle(self, **options: Any) -> None:
        """Ask the supervisor to stop; clean up after one that was killed."""
        keeper = states.keeper(settings.VAR)
        was_up = states.is_up(settings.VAR)
        if was_up and keeper is not None:
            _end(keeper.pid)
        left = supervisor.stop_leftovers(states.processes(settings.VAR))
        self.stdout.write("stopped" if was_up or left else "nothing was up")


def _end(pid: int) -> None:
    try:
        keeping = psutil.Process(pid)
        keeping.terminate()
        keeping.wait(WITHIN_S)
    except psutil.NoSuchProcess:
        return  # it went by itself, just now
    except psutil.TimeoutExpired as error:
        raise ConfigError(f"still up after {WITHIN_S:.0f} s; see {settings.VAR}/logs") from error

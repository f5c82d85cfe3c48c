"""The project's own Django app; loads Celery here so that `quanticity/__init__.py` stays empty."""

from django.apps import AppConfig
from django.conf import settings
from django.http import HttpRequest


class QuantiCityConfig(AppConfig):
    """Wires the frame together once Django is ready."""

    name = "quanticity"
    label = "quanticity"
    verbose_name = "Platform"

    def ready(self) -> None:
        """Load the Celery app and the system checks; let no error pass the log by."""
        from quanticity import celery, checks, redaction  # noqa: F401, PLC0415 - once Django is ready

        redaction.log_what_ends_a_process()


def environment_badge(_request: HttpRequest) -> tuple[str, str]:
    """Say in every admin page which money this is: SIM, PAPER or LIVE."""
    colors = {"sim": "info", "replay": "info", "paper": "warning", "live": "danger"}
    return settings.TRADING_MODE.upper(), colors[settings.TRADING_MODE]

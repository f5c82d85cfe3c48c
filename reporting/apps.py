"""The reporting stage as a Django app."""

from django.apps import AppConfig


class ReportingConfig(AppConfig):
    """Names the app."""

    name = "reporting"

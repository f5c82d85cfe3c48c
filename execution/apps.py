"""The execution stage as a Django app."""

from django.apps import AppConfig


class ExecutionConfig(AppConfig):
    """Names the app."""

    name = "execution"

"""The publishing stage as a Django app."""

from django.apps import AppConfig


class PublishingConfig(AppConfig):
    """Names the app."""

    name = "publishing"

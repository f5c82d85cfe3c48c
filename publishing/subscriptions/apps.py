"""Subscriptions as a Django app."""

from django.apps import AppConfig


class SubscriptionsConfig(AppConfig):
    """Names the app."""

    name = "publishing.subscriptions"
    label = "subscriptions"

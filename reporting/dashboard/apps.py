"""The operators' dashboard as a Django app."""

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    """Names the app."""

    name = "reporting.dashboard"
    label = "dashboard"

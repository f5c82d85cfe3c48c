"""Routes of what is shown: probes, public pages, the members' feed, the operators' dashboard."""

from django.urls import include, path

from reporting.dashboard import pages, probes, views

urlpatterns = [
    path("healthz", probes.healthz, name="healthz"),
    path("readyz", probes.readyz, name="readyz"),
    path("", pages.home, name="home"),
    path("track-record/", pages.track_record, name="track-record"),
    path("legal/disclaimer/", pages.disclaimer, name="disclaimer"),
    path("feed/", pages.feed, name="feed"),
    path("dashboard/", views.dashboard, name="dashboard"),
    path("dashboard/symbol/<str:name>/", views.symbol, name="symbol"),
    path("dashboard/symbol/<str:name>/plots/", views.plots, name="plots"),
    path("api/", include("reporting.dashboard.api_urls")),
]

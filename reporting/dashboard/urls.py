"""Routes of what is shown: probes, public pages, the members' feed, the operators' dashboard."""

from django.urls import include, path

from reporting.dashboard import pages, probes, views

urlpatterns = [
    path("healthz", probes.healthz, name="healthz"),
    path("readyz", probes.readyz, name="readyz"),
    path("", pages.home, name="home"),
    path("track-record/", pages.track_record, name="track-record"),
    path("track-record/receipts/", pages.receipts, name="receipts"),
    path("track-record/receipts.ndjson", pages.receipts_export, name="receipts-export"),
    path("r/<int:delivery_id>/<path:path>", pages.follow, name="follow"),
    path("legal/disclaimer/", pages.disclaimer, name="disclaimer"),
    path("feed/", pages.feed, name="feed"),
    path("dashboard/", views.dashboard, name="dashboard"),
    path("dashboard/published/", views.published, name="published"),
    path("dashboard/symbol/<str:name>/", views.symbol, name="symbol"),
    path("dashboard/symbol/<str:name>/plots/", views.plots, name="plots"),
    path("api/", include("reporting.dashboard.api_urls")),
]

"""Routes of the REST API, its schema and its documentation."""

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView
from drf_spectacular.views import SpectacularSwaggerSplitView as Docs
from rest_framework.routers import SimpleRouter

from reporting.dashboard import api

PAGE = "dashboard/api_docs.html"  # Swagger without inline styles

router = SimpleRouter()
router.register("signals", api.Signals, basename="signal")
router.register("positions", api.Positions, basename="position")
router.register("orders", api.Orders, basename="order")
router.register("fills", api.Fills, basename="fill")
router.register("announcements", api.Announcements, basename="announcement")
router.register("deliveries", api.Deliveries, basename="delivery")

v1: list[URLPattern | URLResolver] = [
    path("symbols/", api.Symbols.as_view(), name="api-symbols"),
    path("symbols/<str:symbol>/readings/", api.Readings.as_view(), name="api-readings"),
    path("symbols/<str:symbol>/exposure/", api.Exposure.as_view(), name="api-exposure"),
    path("feed/", api.Feed.as_view(), name="api-feed"),
    path("receipts/", api.Receipts.as_view(), name="api-receipts"),
    path("receipts/<int:seq>/", api.Receipt.as_view(), name="api-receipt"),
    path("performance/", api.Performance.as_view(), name="api-performance"),
    path("status/", api.Status.as_view(), name="api-status"),
    path("", include(router.urls)),
]
urlpatterns = [
    path("v1/", include(v1)),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", Docs.as_view(url_name="schema", template_name=PAGE), name="docs"),
]

"""Routes of the whole site."""

from channels.security.websocket import WebsocketDenier
from django.contrib import admin
from django.urls import include, path, re_path

from execution.views import operate
from reporting.dashboard.consumers import DashboardConsumer, FeedConsumer

admin.autodiscover()
websocket_urlpatterns = [
    path("ws/dashboard/", DashboardConsumer.as_asgi()),
    path("ws/feed/", FeedConsumer.as_asgi()),
    re_path("", WebsocketDenier.as_asgi()),
]
urlpatterns = [
    path("admin/operate/<slug:name>/", admin.site.admin_view(operate), name="operate"),
    path("admin/", admin.site.urls),
    path("", include("publishing.subscriptions.urls")),
    path("", include("reporting.dashboard.urls")),
]

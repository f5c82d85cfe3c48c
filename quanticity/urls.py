"""Routes of the whole site."""

from django.contrib import admin
from django.urls import path

websocket_urlpatterns: list[object] = []
urlpatterns = [
    path("admin/", admin.site.urls),
]

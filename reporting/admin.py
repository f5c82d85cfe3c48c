"""The operators' door to measurements of the machine."""

from django.contrib import admin

from quanticity.admin import FactAdmin
from reporting.models import Sample


@admin.register(Sample)
class SampleAdmin(FactAdmin):
    """Measurements of the platform."""

    list_display = ("at", "name", "value")
    list_filter = ("name",)
    date_hierarchy = "at"

"""The operators' door to the frame: overrides, audit, leases, the timetable; and what all share."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.forms.fields import InvalidJSONInput
from django.http import HttpRequest
from django_celery_beat import admin as beat
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from quanticity import audit
from quanticity.config import overrides
from quanticity.domain.errors import ConfigError
from quanticity.models import AuditEntry, ConfigOverride, LeaseRow


class FactAdmin(ModelAdmin):  # type: ignore[misc] # untyped library
    """Rows that are facts: read here, never added, changed or deleted."""

    compressed_fields = True
    list_per_page = 50
    show_full_result_count = False
    empty_value_display = "—"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds a fact by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody changes a fact."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody deletes a fact."""
        return False

    @display(  # type: ignore[untyped-decorator]
        description="direction", label={"▲ bullish": "success", "▼ bearish": "danger"}
    )
    def way(self, row: Any) -> str:
        """The direction in a word."""
        return {1: "▲ bullish", -1: "▼ bearish"}.get(row.direction, "—")


class ConfigOverrideForm(forms.ModelForm):  # type: ignore[type-arg] # not generic at run time
    """Refuses a value that its section would refuse, and wants a reason for every change."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["reason"] = ""  # each change has its own
        self.fields["value"].widget = UnfoldAdminTextInputWidget()
        if self.instance.pk is None:
            self.initial["value"] = InvalidJSONInput("")  # an empty line rather than `null`

    def clean(self) -> dict[str, Any] | None:
        """Validate as the loader will."""
        cleaned = super().clean()
        if cleaned and "key" in cleaned and "value" in cleaned:
            try:
                overrides.validate(cleaned["key"], cleaned["value"])
            except ConfigError as error:
                raise ValidationError(str(error)) from error
        return cleaned


@admin.register(ConfigOverride)
class ConfigOverrideAdmin(SimpleHistoryAdmin, ModelAdmin):  # type: ignore[misc] # untyped
    """Numbers that operators turned; removing one puts the default back."""

    form = ConfigOverrideForm
    list_display = ("key", "value", "reason", "author", "changed_at")
    search_fields = ("key", "reason", "author")
    readonly_fields = ("author", "changed_at")
    history_list_display = ("value", "reason", "author")

    def save_model(
        self, request: HttpRequest, obj: ConfigOverride, form: Any, change: bool
    ) -> None:
        """Keep who did it, and write it into the audit trail."""
        before = ConfigOverride.objects.filter(pk=obj.pk).values_list("value", flat=True).first()
        obj.author = request.user.get_username()
        super().save_model(request, obj, form, change)
        audit.record(
            obj.author, "override", obj.key, before=before, after=obj.value, reason=obj.reason
        )

    def delete_model(self, request: HttpRequest, obj: ConfigOverride) -> None:
        """Put the default back, and say so in the audit trail."""
        audit.record(
            request.user.get_username(), "override removed", obj.key,
            before=obj.value, reason="the default is in force again",
        )  # fmt: skip
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ConfigOverride]) -> None:
        """Remove one by one, so that each leaves its entry."""
        for row in queryset:
            self.delete_model(request, row)


@admin.register(AuditEntry)
class AuditEntryAdmin(FactAdmin):
    """Who did what, and why."""

    list_display = ("at", "actor", "action", "subject", "reason")
    list_filter = ("action", "actor")
    search_fields = ("actor", "action", "subject", "reason")
    date_hierarchy = "at"


@admin.register(LeaseRow)
class LeaseAdmin(FactAdmin):
    """Who alone may do one thing, until when."""

    list_display = ("name", "holder", "epoch", "expires_at")


for model in (User, Group, PeriodicTask, IntervalSchedule, CrontabSchedule):
    admin.site.unregister(model)
# Nothing here is scheduled by the sun or at one instant.
for model in (SolarSchedule, ClockedSchedule):
    admin.site.unregister(model)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):  # type: ignore[misc, type-arg] # untyped
    """People: members and operators."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "is_staff", "is_superuser", "is_active", "last_login")


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):  # type: ignore[misc] # untyped library
    """Sets of permissions."""


class TaskSelect(UnfoldAdminSelectWidget, beat.TaskSelectWidget):  # type: ignore[misc] # untyped
    """The list of known tasks, as Unfold draws it."""


class PeriodicTaskForm(beat.PeriodicTaskForm):  # type: ignore[misc] # untyped library
    """The timetable's form, as Unfold draws it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].widget = UnfoldAdminTextInputWidget()
        self.fields["regtask"].widget = TaskSelect()


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(beat.PeriodicTaskAdmin, ModelAdmin):  # type: ignore[misc] # untyped
    """What beat fires; beat obeys a change within seconds."""

    form = PeriodicTaskForm
    list_display = ("name", "enabled", "task", "interval", "crontab", "one_off", "last_run_at")


@admin.register(IntervalSchedule)
class IntervalAdmin(ModelAdmin):  # type: ignore[misc] # untyped library
    """Cadences in platform seconds."""


@admin.register(CrontabSchedule)
class CrontabAdmin(beat.CrontabScheduleAdmin, ModelAdmin):  # type: ignore[misc] # untyped
    """Times of day."""

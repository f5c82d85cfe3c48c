"""The operators' page for one operation: say why, see what will happen, confirm."""

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from execution.operations import OPERATIONS, Operation, Wish
from quanticity.domain.errors import MalformedInput

_BACK = {
    "close": "execution_position", "cancel": "execution_order", "approve": "execution_approval",
    "decline": "execution_approval", "release": "execution_breakertrip",
    "resolve": "execution_quarantine", "cash": "execution_accountvalues",
}  # fmt: skip


class WishForm(forms.Form):
    """On what, why, and once more who."""

    subject = forms.CharField(max_length=80, widget=UnfoldAdminTextInputWidget())
    reason = forms.CharField(max_length=300, widget=UnfoldAdminTextInputWidget())
    password = forms.CharField(required=False, widget=UnfoldAdminPasswordWidget())
    second = forms.CharField(required=False, widget=UnfoldAdminTextInputWidget())
    second_password = forms.CharField(required=False, widget=UnfoldAdminPasswordWidget())

    def __init__(self, operation: Operation, user: User, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type] # passed through
        self.operation, self.user = operation, user
        self.fields["subject"].label = operation.subject
        self.fields["reason"].label = "Reason, for the audit trail"
        self.fields["password"].label = "Your password, once more"
        self.fields["second"].label = "A second person who may do this"
        self.fields["second_password"].label = "Their password"

    def clean_password(self) -> str:
        """On the second page of a dangerous operation the password is asked again."""
        given: str = self.cleaned_data["password"]
        confirmed = self.data.get("step") == "confirm"
        if self.operation.dangerous and confirmed and not self.user.check_password(given):
            raise forms.ValidationError("That is not your password.")
        return given

    def clean(self) -> dict[str, object]:
        """In live trading two people let it go on: neither can do it alone."""
        cleaned: dict[str, object] = super().clean() or self.cleaned_data
        if self.operation.wants_two and self.data.get("step") == "confirm":
            other = User.objects.filter(username=cleaned["second"], is_active=True).first()
            may = other is not None and other != self.user and other.is_staff
            if not (
                may
                and other is not None
                and other.has_perm(self.operation.permission)
                and other.check_password(str(cleaned["second_password"]))
            ):
                raise forms.ValidationError("Live trading wants a second person who may do this.")
        return cleaned


@never_cache
@require_http_methods(["GET", "POST"])
def operate(request: HttpRequest, name: str) -> HttpResponse:
    """Show, foresee, do: what is dangerous is done on the second page only."""
    operation = OPERATIONS.get(name)
    if operation is None:
        raise Http404
    user = request.user
    if not isinstance(user, User) or not user.has_perm(operation.permission):
        raise PermissionDenied
    usual = {"subject": request.GET.get("subject") or operation.usual}
    form = WishForm(operation, user, request.POST or None, initial=usual)
    plan: list[str] = []
    try:
        if request.method == "POST" and form.is_valid():
            if _is_settled(operation, request):
                return _done(request, operation, form, user)
            plan = operation.foresee(form.cleaned_data["subject"])
    except MalformedInput as error:
        form.add_error(None, str(error))
    return _page(request, operation, form, plan)


def _is_settled(operation: Operation, request: HttpRequest) -> bool:
    return not operation.dangerous or request.POST.get("step") == "confirm"


def _done(request: HttpRequest, operation: Operation, form: WishForm, user: User) -> HttpResponse:
    given, actor = form.cleaned_data, user.get_username()
    if operation.wants_two:
        actor = f"{actor} and {given['second']}"
    said = operation.do(Wish(given["subject"], actor, given["reason"]))
    messages.success(request, said)
    view = _BACK.get(operation.name, "execution_tradingscope")
    return HttpResponseRedirect(reverse(f"admin:{view}_changelist"))


def _page(
    request: HttpRequest, operation: Operation, form: WishForm, plan: list[str]
) -> HttpResponse:
    confirms = bool(plan) or (request.POST.get("step") == "confirm" and operation.dangerous)
    context = {
        **admin.site.each_context(request), "title": operation.title, "operation": operation,
        "form": form, "plan": plan or _foreseen(operation, form), "confirms": confirms,
    }  # fmt: skip
    status = 200 if not form.errors else 400
    return render(request, "execution/operate.html", context, status=status)


def _foreseen(operation: Operation, form: WishForm) -> list[str]:
    """What it would do to the subject that the page was opened with."""
    subject = form["subject"].value()
    try:
        return operation.foresee(subject) if subject else []
    except MalformedInput:
        return []

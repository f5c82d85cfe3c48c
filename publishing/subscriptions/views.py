"""Pages about an account: sign up, sign in, sign out, what it has; and the price list."""

from django.contrib.auth import login
from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from publishing import engagement
from publishing.subscriptions import endpoints, services, throttle
from publishing.subscriptions.forms import LoginForm, SignupForm
from publishing.subscriptions.models import Endpoint, Entitlement, TelegramLink
from publishing.subscriptions.plans import delay_s, plans
from publishing.subscriptions.selectors import tier_of
from quanticity.domain.errors import MalformedInput, NotConnected

BACKEND = "publishing.subscriptions.backends.ThrottledBackend"
SIGNUPS = "(sign-up)"  # counted like failures: an address makes a handful of accounts, not hundreds
TOO_MANY = 429


class Login(auth.LoginView):
    """Sign in; those who are in already go on to their feed."""

    template_name = "subscriptions/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True

    def get_default_redirect_url(self) -> str:
        """Members go to their feed, operators to the dashboard."""
        return reverse("dashboard" if getattr(self.request.user, "is_staff", False) else "feed")


class Logout(auth.LogoutView):
    """Sign out, by POST only."""


class Password(auth.PasswordChangeView):
    """A new password, asked with the old one."""

    template_name = "subscriptions/password.html"
    success_url = "/account/?changed=1"


@never_cache
@login_required
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """What this member has: the plan, the ways by which trades reach them, the sign-in."""
    user = request.user
    assert isinstance(user, User)  # login_required
    tier = tier_of(user)
    context = {
        "tier": tier,
        "delay_s": None if tier is None else delay_s(tier),
        "granted": Entitlement.objects.filter(user=user).first(),
        "linked": TelegramLink.objects.filter(user=user).exists(),
        "endpoints": Endpoint.objects.filter(user=user, disabled_at=None).count(),
        "changed": "changed" in request.GET,
    }
    return render(request, "subscriptions/account.html", context)


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def signup(request: HttpRequest) -> HttpResponse:
    """Open an account on the free tier and sign in."""
    form = SignupForm(request.POST or None)
    address = request.META["REMOTE_ADDR"]
    if request.method == "POST" and throttle.is_closed_here(SIGNUPS, address):
        form.add_error(None, "Too many accounts from this address. Try again later.")
        return render(request, "subscriptions/signup.html", {"form": form}, status=TOO_MANY)
    if request.method == "POST" and form.is_valid():
        throttle.note_failure(SIGNUPS, address)
        user = services.open_account(
            username=form.cleaned_data["username"],
            email=form.cleaned_data["email"],
            password=form.cleaned_data["password1"],
        )
        if isinstance(came_from := request.session.pop("came_from", None), int):
            engagement.note_signup(came_from)
        login(request, user, backend=BACKEND)
        return redirect("feed")
    return render(request, "subscriptions/signup.html", {"form": form})


@require_safe
def pricing(request: HttpRequest) -> HttpResponse:
    """What each tier costs, waits and includes."""
    context = {"plans": plans(), "own": tier_of(request.user)}
    return render(request, "subscriptions/pricing.html", context)


@never_cache
@login_required
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def webhooks(request: HttpRequest) -> HttpResponse:
    """A member's own webhook address: add it, give it a new secret, take it away."""
    user = request.user
    assert isinstance(user, User)  # login_required
    shown, error = "", ""
    if request.method == "POST":
        try:
            shown = _changed_endpoint(user, request.POST)
        except (MalformedInput, NotConnected) as failure:
            error = str(failure)
    rows = Endpoint.objects.filter(user=user).order_by("-pk")
    entitled = tier_of(user) in endpoints.ENTITLED
    context = {"rows": rows, "secret": shown, "error": error, "entitled": entitled}
    return render(request, "subscriptions/webhooks.html", context)


def _changed_endpoint(user: User, asked: QueryDict) -> str:
    """Do what was asked; the new secret where there is one, shown this once."""
    if "url" in asked:
        return endpoints.add(user, str(asked["url"]).strip()).secret
    wanted = str(asked.get("endpoint", ""))
    own = Endpoint.objects.filter(user=user, disabled_at=None)
    endpoint = next((one for one in own if str(one.pk) == wanted), None)
    if endpoint is None:
        raise MalformedInput("expected an address of yours that is in use")
    if asked.get("do") == "rotate":
        return endpoints.rotate(endpoint)
    endpoints.remove(endpoint, "removed by its member")
    return ""

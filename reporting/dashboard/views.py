"""The operators' pages: the dashboard, and one symbol's plots."""

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.decorators import user_passes_test
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from execution import selectors as execution
from publishing import engagement
from quanticity.config.universe import universe
from quanticity.domain import clock
from quanticity.store import client as store
from reporting import selectors
from reporting.dashboard import snapshot, tier_curves
from reporting.dashboard.plots import page


def _is_operator(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Strangers are asked to sign in; a member who did would be sent back here without end."""
    if user.is_authenticated and not (user.is_active and getattr(user, "is_staff", False)):
        raise PermissionDenied
    return user.is_authenticated


operators_only = user_passes_test(_is_operator)


@never_cache
@operators_only
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """Everything at once, then live over the socket."""
    context = {
        "snapshot": snapshot.take(), "health": snapshot.health(),
        "zero_break_days": execution.zero_break_days(),
    }  # fmt: skip
    return render(request, "dashboard/dashboard.html", context)


@never_cache
@operators_only
@require_safe
def symbol(request: HttpRequest, name: str) -> HttpResponse:
    """One symbol: its tiles, and its plots."""
    drawn = _plots(name)
    panels = [panel for panel in snapshot.panels(clock.now()) if panel.symbol == name]
    known = {"name": name, "panels": panels, "symbols": universe().chains}
    return render(request, "dashboard/symbol.html", known | drawn)


@never_cache
@operators_only
@require_safe
def plots(request: HttpRequest, name: str) -> HttpResponse:
    """The plots alone, for the page to put in place of its older ones."""
    return render(request, "dashboard/plots.html", _plots(name))


@never_cache
@operators_only
@require_safe
def published(request: HttpRequest) -> HttpResponse:
    """What each tier could have had of this world's trades, and what readers did."""
    achieved = selectors.achieved(settings.TRADING_MODE, clock.now())
    context = {
        "curves": tier_curves.draw(achieved),
        "counts": engagement.SHOWN,
        "tallies": engagement.tallies(),
    }
    return render(request, "dashboard/tiers.html", context)


def _plots(name: str) -> dict[str, object]:
    """Every plot of a symbol; none while the store is silent."""
    if name not in universe().chains:
        raise Http404
    try:
        return {"sides": page.look(name)}
    except store.StoreDown:
        return {"sides": []}

"""The operators' pages: the dashboard, and one symbol's exposure."""

from django.contrib.auth.decorators import user_passes_test
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from quanticity.config.universe import universe
from quanticity.domain import clock
from quanticity.store import client as store
from quanticity.store import readings
from reporting.dashboard import charts, snapshot

SIZES = {"wide": charts.WIDE, "narrow": charts.NARROW}
operators_only = user_passes_test(lambda user: user.is_active and user.is_staff)


@never_cache
@operators_only
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """Everything at once, then live over the socket."""
    context = {"snapshot": snapshot.take(), "health": snapshot.health()}
    return render(request, "dashboard/dashboard.html", context)


@never_cache
@operators_only
@require_safe
def symbol(request: HttpRequest, name: str) -> HttpResponse:
    """One symbol: its tiles, and its exposure by strike."""
    return render(request, "dashboard/symbol.html", _symbol(name))


@never_cache
@operators_only
@require_safe
def exposure(request: HttpRequest, name: str) -> HttpResponse:
    """The picture alone, for the page to put in place of its older one."""
    return render(request, "dashboard/exposure.html", _symbol(name))


def _symbol(name: str) -> dict[str, object]:
    if name not in universe().chains:
        raise Http404
    panels = [panel for panel in snapshot.panels(clock.now()) if panel.symbol == name]
    return {"name": name, "panels": panels, "charts": _charts(name), "symbols": universe().chains}


def _charts(name: str) -> list[tuple[str, charts.Bars]]:
    """The picture for wide and for narrow screens; none while there is no exposure."""
    try:
        envelope = readings.read(name, ("gex",)).get("gex")
    except store.StoreDown:
        return []
    data = None if envelope is None else envelope["data"]
    drawn = ((size, data and charts.bars(data, width)) for size, width in SIZES.items())
    return [(size, chart) for size, chart in drawn if chart]

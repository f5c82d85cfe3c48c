"""What a supervisor asks of us: are you alive, are you ready."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from reporting.dashboard import readiness

NOT_READY = 503


@never_cache
@require_safe
def healthz(_request: HttpRequest) -> JsonResponse:
    """Alive: this process answers."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    """Ready: every part that must work does; else 503 with the reasons."""
    answer = readiness.summary(readiness.checks())
    response = JsonResponse(answer, status=200 if answer["ready"] else NOT_READY)
    # A probe asks every second while everything starts; Django would log each 503 as an error.
    response._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001
    return response

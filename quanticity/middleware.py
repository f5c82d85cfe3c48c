"""What every page needs: privacy of gated pages, the admin's clock and walls, the mode badge."""

from collections.abc import Callable

from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from quanticity.domain.clock import NEW_YORK

Respond = Callable[[HttpRequest], HttpResponseBase]
OPERATORS = "/admin/"


def gated_pages_are_private(get_response: Respond) -> Respond:
    """No cache between us and a signed-in reader keeps what only that reader may see."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if request.user.is_authenticated:
            add_never_cache_headers(response)
        return response

    return respond


def operators_pages(get_response: Respond) -> Respond:
    """In the admin people read New York time, and Unfold's Alpine may evaluate its attributes."""
    relaxed: Respond = csp_update({"script-src": UNSAFE_EVAL, "style-src": UNSAFE_INLINE})(
        get_response
    )

    def respond(request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(OPERATORS):
            return get_response(request)
        with timezone.override(NEW_YORK):
            return relaxed(request)

    return respond


def mode(_request: HttpRequest) -> dict[str, str]:
    """Tell every template which money this is."""
    return {"mode": settings.TRADING_MODE.upper()}

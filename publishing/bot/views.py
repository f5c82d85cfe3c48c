"""Telegram's door, and the page on which a member gets a code for it."""

import hmac
import json

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from publishing.bot import linking, updates
from publishing.subscriptions.models import TelegramLink
from quanticity.domain.errors import MalformedInput

_LARGEST = 65_536
_REFUSED, _BAD = 403, 400


@csrf_exempt
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """Check whose it is, store it, say yes; the publishing worker answers."""
    secret = settings.TELEGRAM_WEBHOOK_SECRET
    if not secret or not settings.TELEGRAM_BOT_TOKEN:
        raise Http404
    said = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
    if not hmac.compare_digest(said.encode(), secret.encode()):
        return HttpResponse(status=_REFUSED)
    try:
        body = json.loads(request.read(_LARGEST + 1)[:_LARGEST])
        updates.store(body if isinstance(body, dict) else {})
    except (ValueError, RecursionError, MalformedInput):
        return HttpResponse(status=_BAD)
    return HttpResponse()


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def link(request: HttpRequest) -> HttpResponse:
    """A code that links a Telegram account, shown this once; or the end of that link."""
    user = request.user
    assert isinstance(user, User)  # login_required
    code = ""
    if request.method == "POST" and request.POST.get("do") == "unlink":
        TelegramLink.objects.filter(user=user).delete()
    elif request.method == "POST":
        code = linking.new_code(user)
    linked = TelegramLink.objects.filter(user=user).first()
    context = {
        "code": code,
        "linked": linked,
        "bot": settings.TELEGRAM_BOT_NAME,
        "is_on": bool(settings.TELEGRAM_BOT_TOKEN),
    }
    return render(request, "subscriptions/telegram.html", context)

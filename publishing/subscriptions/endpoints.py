"""Members' own webhook addresses: adding, rotating the secret, turning off what keeps failing."""

import secrets
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from publishing.channels import webhook
from publishing.channels.webhook import Webhook
from publishing.subscriptions import letters
from publishing.subscriptions.models import Endpoint
from publishing.subscriptions.selectors import tier_of
from quanticity.config.loader import section
from quanticity.domain import clock
from quanticity.domain.clock import RealClock
from quanticity.domain.errors import MalformedInput, PermanentError
from quanticity.domain.tiers import Tier

EACH = 1  # addresses of one member (DOMAIN 8.1)
ENTITLED = (Tier.PREMIUM,)
_BYTES = 32


def numbers() -> webhook.Settings:
    """The numbers in force."""
    found: webhook.Settings = section("publishing.webhook", webhook.Settings)
    return found


@transaction.atomic
def add(user: User, url: str) -> Endpoint:
    """Add a member's address with a secret of its own; MalformedInput says why it may not be."""
    if tier_of(user) not in ENTITLED:
        raise MalformedInput("expected a premium membership: webhooks are part of that plan")
    if Endpoint.objects.filter(user=user, disabled_at=None).count() >= EACH:
        raise MalformedInput(f"expected at most {EACH} address, there is one already")
    try:
        webhook.target(url, allow_private=numbers().allow_private)
    except PermanentError as error:
        raise MalformedInput(str(error)) from None
    return Endpoint.objects.create(user=user, url=url, secret=_new_secret(), created_at=clock.now())


def rotate(endpoint: Endpoint) -> str:
    """Give an address a new secret; the one before signs as well for a while."""
    endpoint.previous_secret, endpoint.secret = endpoint.secret, _new_secret()
    endpoint.previous_until_at = clock.now() + timedelta(seconds=numbers().overlap_s)
    endpoint.save(update_fields=["secret", "previous_secret", "previous_until_at"])
    return endpoint.secret


def remove(endpoint: Endpoint, reason: str) -> None:
    """Turn an address off; what is owed to it is dropped with this reason."""
    Endpoint.objects.filter(pk=endpoint.pk).update(disabled_at=clock.now(), reason=reason[:200])


def in_force() -> list[tuple[int, str, str]]:
    """Every address in use: its number, its member's tier now, the address."""
    rows = Endpoint.objects.filter(disabled_at=None).select_related("user__entitlement")
    found = ((row, tier_of(row.user)) for row in rows)
    return [(row.pk, str(tier), row.url) for row, tier in found if tier in ENTITLED]


def channel(pk: int) -> Webhook:
    """The channel to one address; PermanentError when it is off."""
    row = Endpoint.objects.filter(pk=pk, disabled_at=None).first()
    if row is None:
        raise PermanentError(f"webhook: endpoint {pk} is off")
    both = row.previous_until_at is not None and clock.now() < row.previous_until_at
    signing = [row.secret, row.previous_secret] if both else [row.secret]
    return Webhook(row.url, signing, numbers())


def note_success(pk: int) -> None:
    """The address answered: whatever failed before is forgotten."""
    Endpoint.objects.filter(pk=pk).exclude(failing_since_at=None).update(failing_since_at=None)


def note_failure(pk: int, why: str) -> None:
    """The address failed; after days of nothing else it is turned off and its member is told."""
    now = RealClock().now()
    Endpoint.objects.filter(pk=pk, failing_since_at=None).update(failing_since_at=now)
    given_up = now - timedelta(seconds=numbers().disable_after_s)
    with transaction.atomic():
        off = Endpoint.objects.filter(
            Q(failing_since_at__lte=given_up), pk=pk, disabled_at=None
        ).update(disabled_at=clock.now(), reason=why[:200])
        if off:
            row = Endpoint.objects.select_related("user").get(pk=pk)
            letters.owe(
                row.user,
                key=f"endpoint-off:{pk}",
                subject="Your QuantiCity webhook is off",
                text="Your webhook address did not answer for three days, so we stopped calling "
                f"it. The last answer was: {why[:120]}\nAdd it again on your account page when it "
                "answers.",
            )


def wait_s(failures: int) -> float:
    """How long after so many failures to try again; the last rung repeats."""
    ladder = numbers().retry_s
    return ladder[min(failures, len(ladder)) - 1]


def _new_secret() -> str:
    return f"whsec_{secrets.token_urlsafe(_BYTES)}"

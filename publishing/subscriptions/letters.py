"""Mail about accounts: owed as rows, sent once (DOMAIN 8; plain text, no tracking)."""

import smtplib
from datetime import timedelta

from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.db.models import F

from publishing.subscriptions.models import Letter
from quanticity.domain import clock

State = Letter.State
TRIES = 5
BEGUN_S = 300.0  # real seconds after which a sending whose end nobody saw is begun again
WAIT_S = 60.0  # real seconds before the second try, doubled with each one more
_AT_ONCE = 20
_SIGNED = "\n\nQuantiCity. Not investment advice.\n"


def owe(user: User, *, key: str, subject: str, text: str) -> Letter:
    """Owe a member one letter; the same key twice is the same letter."""
    now = clock.now()
    letter, _ = Letter.objects.get_or_create(
        key=key,
        defaults={
            "user": user,
            "subject": subject[:160],
            "text": text,
            "not_before_at": now,
            "created_at": now,
        },
    )
    return letter


def send_owed() -> int:
    """Send every letter that is owed; return how many went out."""
    now = clock.now()
    owed = Letter.objects.filter(state__in=(State.PENDING, State.SENDING), not_before_at__lte=now)
    return sum(_send(letter) for letter in owed.select_related("user")[:_AT_ONCE])


def _send(letter: Letter) -> bool:
    # One UPDATE decides who sends it. After a crash it is sent again: a second mail about an
    # account harms less than none.
    again_at = clock.now() + timedelta(seconds=BEGUN_S * clock.speed())
    mine = Letter.objects.filter(pk=letter.pk, state=letter.state, attempts=letter.attempts)
    if not mine.update(state=State.SENDING, attempts=F("attempts") + 1, not_before_at=again_at):
        return False
    if not letter.user.email:
        return _settle(letter, State.DEAD, error="the account has no address")
    try:
        EmailMessage(letter.subject, letter.text + _SIGNED, to=[letter.user.email]).send()
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError) as error:
        return _settle(letter, State.DEAD, error=type(error).__name__)
    except (OSError, smtplib.SMTPException) as error:
        return _again(letter, type(error).__name__)
    return _settle(letter, State.SENT, sent_at=clock.now())


def _again(letter: Letter, why: str) -> bool:
    if letter.attempts + 1 >= TRIES:
        return _settle(letter, State.DEAD, error=why)
    wait_s = WAIT_S * 2**letter.attempts * clock.speed()
    return _settle(
        letter, State.PENDING, error=why, not_before_at=clock.now() + timedelta(seconds=wait_s)
    )


def _settle(letter: Letter, to: State, **changes: object) -> bool:
    Letter.objects.filter(pk=letter.pk, state=State.SENDING).update(state=to, **changes)
    return to is State.SENT

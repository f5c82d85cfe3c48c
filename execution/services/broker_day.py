"""The day as the broker counts it, held against ours while nothing is held (DOMAIN 6.12, 6.14).

With contracts in hand the two differ by whose mark is the later one: then the session's end decides
(`results`). Flat, and quiet for long enough that the broker has renewed its figures, both are cash.
"""

from collections.abc import Sequence

from execution.ledger import breaks, capital
from execution.ledger.reconciliation import Action, Finding, Kind
from execution.services import cash, results
from execution.services.alarms import Severity, raise_alarm
from quanticity.config.loader import section
from quanticity.domain import calendar, clock
from quanticity.domain.orders import Account
from quanticity.gateway.ports import BrokerFacts


def findings(facts: BrokerFacts) -> Sequence[Finding]:
    """One when the broker's day is another than ours; none while that cannot be said."""
    account = facts.account
    if account is None or account.day_pnl_usd is None or facts.holdings or not _is_quiet(account):
        return ()
    ours, theirs = results.day_pnl(()), account.day_pnl_usd
    settings = section("execution.breaks", breaks.Settings)
    if ours is None or not breaks.is_daily_break(ours, theirs, settings):
        return ()
    detail = f"{calendar.session_date(clock.now()):%F}: ours {ours:.2f}, the broker's {theirs:.2f}"
    return (Finding(Kind.DAY_PNL, Action.REPORT, account.account, 0, detail),)


def tell(finding: Finding) -> None:
    """A day that differs is looked into by an operator."""
    raise_alarm("DAILY_PNL", finding.detail, Severity.HIGH)


def _is_quiet(account: Account) -> bool:
    last = cash.last_heard(account.account)
    return capital.is_quiet(last, clock.now(), section("execution.capital", capital.Settings))

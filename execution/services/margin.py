"""The broker's what-if for an entry, as two facts for the gate; unknown is None."""

from dataclasses import replace

from execution.risk.facts import Facts
from quanticity.domain.orders import Margin, Ticket
from quanticity.gateway import commands


def asked(facts: Facts, entry: Ticket) -> Facts:
    """Facts with what the broker says the account would look like after this entry."""
    answer = commands.what_if(entry)
    if not isinstance(answer, Margin):
        return facts
    desk = replace(
        facts.desk,
        whatif_equity_usd=answer.equity_after_usd,
        whatif_margin_usd=answer.initial_after_usd,
    )
    return replace(facts, desk=desk)

"""Trades made by hand at the broker: facts without our reference, on contracts that we hold (6.14).

Such a fill becomes part of the open trade of its contract: a buy adds a lot, a sell reduces. The
tranches follow by `protecting.tend`, so that no stop of ours sells what somebody has sold.
"""

from execution import selectors
from execution.models import Fill, Position


def attach(exec_id: str) -> str:
    """Make a foreign fill part of the trade that held its contract then; its intent, or ""."""
    fill = Fill.objects.filter(pk=exec_id).first()
    if fill is None or selectors.intent_of(fill.order_ref):
        return ""
    position = _of_earlier_revision(fill) or _holding(fill)
    if position is None:
        return ""
    Fill.objects.filter(pk=exec_id, position=None).update(position=position, booked=False)
    return str(position.intent_id)


def attach_owed() -> list[str]:
    """Attach foreign fills that came before their trade was booked; the intents touched.

    Only a contract that is held can take them: what an operator trades besides is not looked at.
    """
    held = selectors.open_positions().values("con_id")
    waiting = Fill.objects.filter(position=None, con_id__in=held).values_list("pk", "order_ref")
    foreign = [exec_id for exec_id, ref in waiting if not selectors.intent_of(ref)]
    return [intent_id for exec_id in foreign if (intent_id := attach(exec_id))]


def _of_earlier_revision(fill: Fill) -> Position | None:
    same = Fill.objects.filter(account=fill.account, base_exec_id=fill.base_exec_id)
    known = same.exclude(position=None).select_related("position").first()
    return None if known is None else known.position


def _holding(fill: Fill) -> Position | None:
    return (
        selectors.open_positions()
        .filter(
            account=fill.account, con_id=fill.con_id, quantity_open__gt=0,
            opened_at__lte=fill.executed_at,
        )
        .order_by("opened_at")
        .first()
    )  # fmt: skip

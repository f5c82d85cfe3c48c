"""Contract details told otherwise on script: what `describe` makes of them (pure)."""

from collections.abc import Callable, Sequence

from quanticity.domain.errors import MalformedInput
from quanticity.gateway.simulated.contracts import NICKEL_RULE
from quanticity.gateway.simulated.wire import Field

Described = tuple[Field, ...]
# Places in `contracts.details`.
_CON_ID, _MULTIPLIER, _LIQUID_HOURS, _RULES = 10, 12, 25, 32


def misdescribe(how: str, described: Described) -> Sequence[Described]:
    """One contract's details as a script wants them told; twice for `twice`."""
    if how not in _WAYS:
        raise MalformedInput(f"expected a way of describing out of {sorted(_WAYS)}, was {how!r}")
    return _WAYS[how](described)


def _with(described: Described, place: int, field: Field) -> Described:
    return (*described[:place], field, *described[place + 1 :])


def _mini(described: Described) -> Sequence[Described]:
    return [_with(described, _MULTIPLIER, "10")]


def _closed(described: Described) -> Sequence[Described]:
    days = [day[: len("20251121")] for day in str(described[_LIQUID_HOURS]).split(";")]
    return [_with(described, _LIQUID_HOURS, ";".join(f"{day}:CLOSED" for day in days))]


def _coarse(described: Described) -> Sequence[Described]:
    rules = str(described[_RULES]).split(",")
    return [_with(described, _RULES, ",".join(str(NICKEL_RULE) for _ in rules))]


def _twice(described: Described) -> Sequence[Described]:
    return [described, _with(described, _CON_ID, int(str(described[_CON_ID])) + 1)]


_WAYS: dict[str, Callable[[Described], Sequence[Described]]] = {
    "mini": _mini, "closed": _closed, "coarse": _coarse, "twice": _twice,
}  # fmt: skip

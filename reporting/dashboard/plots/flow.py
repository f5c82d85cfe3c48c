"""How prints arrive: VPIN with its rank, and the mix of flow clusters."""

from collections.abc import Mapping
from typing import Any

from reporting.dashboard import formats, stamps
from reporting.dashboard.charts import histories, shares
from reporting.dashboard.charts.canvas import hour
from reporting.dashboard.charts.heat import Swatch
from reporting.dashboard.charts.histories import Line
from reporting.dashboard.plots.plot import SIZES, Plot, World, number, sized, table
from reporting.dashboard.tables import Cell, Table

MIX = ("momentum", "mean_reversion", "hedging", "unclear")
_BY_SIZE = (
    ("Block-like", "block_share"),
    ("Small-lot", "small_lot_share"),
    ("Other sizes", "other_share"),
)
_TABLE_ROWS = 30  # the newest samples


def vpin(world: World) -> Plot:
    """VPIN's rank on a gauge, both over the session."""
    key, title = "vpin", "VPIN and its rank"
    reason = world.missing("vpin")
    if reason:
        return Plot(key, title, world.stamp("vpin"), reason)
    data, limits = world.data("vpin"), world.alarms
    lines = [
        Line("VPIN", world.past["vpin"], "line-1"),
        Line("Rank", world.past["vpin_cdf"], "line-2"),
    ]
    drawn = [
        (size, picture)
        for size, width in SIZES.items()
        for picture in (
            histories.gauge(data["vpin_cdf"], limits, width),
            histories.lines(lines, limits, world.now, width),
        )
        if picture is not None
    ]
    return Plot(
        key, title, world.stamp("vpin"), summary=_vpin_words(world, data), pictures=drawn,
        legend=[
            Swatch("line-1", "VPIN"), Swatch("line-2", "Rank of 20 sessions"),
            Swatch("limit", "Alarms"),
        ],
        tables=[_samples(world)],
    )  # fmt: skip


def clusters(world: World) -> Plot:
    """Shares of dollars by behavior, now and over the session."""
    key, title = "clusters", "Flow cluster mix"
    reason = world.missing("flow_clusters")
    if reason:
        return Plot(key, title, world.stamp("flow_clusters"), reason)
    data = world.data("flow_clusters")
    now = [(name, data[f"{name}_share"]) for name in MIX]
    past = {name: world.past[f"{name}_share"] for name in MIX}
    rows = [[Cell(_name(name)), number(formats.percent(share))] for name, share in now]
    rows += [[Cell(label), number(formats.percent(data[field]))] for label, field in _BY_SIZE]
    return Plot(
        key, title, world.stamp("flow_clusters"), summary=_mix_words(data),
        pictures=sized({
            size: shares.draw(now, past, world.now, width) for size, width in SIZES.items()
        }),
        legend=[
            Swatch(f"share-{name}", f"{_name(name)} {formats.percent(part)}") for name, part in now
        ],
        tables=[table(key, ("Share of dollars", "Now"), rows)],
    )  # fmt: skip


def _vpin_words(world: World, data: Mapping[str, Any]) -> str:
    said = (
        f"VPIN {formats.ratio(data['vpin'])} over {data['n_buckets']} buckets of "
        f"{formats.count(data['bucket_shares'])} shares. It has no direction. "
    )
    rank = data["vpin_cdf"]
    if rank is None:
        code = stamps.reason(world.envelopes["vpin"], "vpin", "vpin_cdf")
        return f"{said}Its rank is unavailable: {formats.word(code)}."
    reached = [limit for limit in world.alarms if rank >= limit]
    state = f"beyond the alarm at {reached[-1]:.2f}" if reached else "below every alarm"
    return f"{said}Higher than {formats.percent(rank)} of the last 20 sessions, {state}."


def _samples(world: World) -> Table:
    ranks = dict(world.past["vpin_cdf"])
    rows = [
        [Cell(f"{hour(at)} ET"), number(formats.ratio(value)), number(formats.ratio(ranks.get(at)))]
        for at, value in reversed(world.past["vpin"][-_TABLE_ROWS:])
    ]
    return table("vpin", ("At", "VPIN", "Rank"), rows)


def _mix_words(data: Mapping[str, Any]) -> str:
    bursts = f"{formats.count(data['n_bursts'])} bursts of 15 minutes"
    measured = f"silhouette {data['silhouette']:.2f}, certainty {data['mean_max_posterior']:.2f}"
    if data["abstained"]:
        return f"Abstains: the clusters of {bursts} are not distinct ({measured})."
    name, share = max(((each, data[f"{each}_share"]) for each in MIX), key=lambda item: item[1])
    toward = data["momentum_dir"]
    lean = f" Momentum leans {formats.signed_ratio(toward)}." if data["momentum_share"] else ""
    return f"Mostly {_name(name).lower()}, {formats.percent(share)} of the dollars in {bursts} ({measured}).{lean}"  # noqa: E501


def _name(share: str) -> str:
    return formats.word(share.upper()).capitalize()

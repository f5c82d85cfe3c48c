"""Tiles say their value, or why there is none."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from quanticity.domain.readings import instant
from reporting.dashboard import tiles

NOW = datetime(2025, 11, 21, 17, 0, tzinfo=UTC)


def envelope(
    data: dict[str, Any] | None, age_s: float = 0.0, reasons: dict[str, str] | None = None
) -> dict[str, Any]:
    at = NOW - timedelta(seconds=age_s)
    return {
        "as_of": instant(at), "computed_at": instant(at), "valid_until": instant(at + timedelta(seconds=60)),
        "source": "sim", "feed": "ibkr", "quality": {"reasons": reasons or {}}, "data": data,
    }  # fmt: skip


def tile(key: str, **families: Any) -> tiles.Tile:
    return next(t for t in tiles.tiles(families, NOW) if t.key == key)


def test_a_value_has_unit_sign_age_and_source() -> None:
    shown = tile("gex-gex_usd_per_1pct", gex=envelope({"gex_usd_per_1pct": -2.5e8}, age_s=7))

    assert (shown.text, shown.unit, shown.sign) == ("\N{MINUS SIGN}$250.00M", "per 1 %", -1)
    assert (shown.age_s, shown.source, shown.reason) == (7, "sim/ibkr", "")


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        pytest.param({}, "NO_DATA", id="never written"),
        pytest.param({"vpin": envelope(None, reasons={"vpin": "INSUFFICIENT_BUCKETS"})}, "INSUFFICIENT_BUCKETS", id="no answer"),
        pytest.param({"vpin": envelope({"vpin": None, "reasons": {"vpin": "STALE"}})}, "STALE", id="one field is missing"),
        pytest.param({"vpin": envelope({"vpin": 0.4}, age_s=61)}, "STALE", id="past its validity"),
    ],
)  # fmt: skip
def test_a_missing_value_is_a_dash_with_its_reason(found: dict[str, Any], reason: str) -> None:
    shown = tile("vpin-vpin", **found)

    assert (shown.text, shown.value, shown.reason) == ("—", None, reason)


def test_a_missing_flip_says_why() -> None:
    shown = tile("gex-flip", gex=envelope({"flip": None, "flip_reason": "NO_CROSSING"}))

    assert (shown.text, shown.reason, shown.missing) == ("—", "NO_CROSSING", "no crossing")


@pytest.mark.parametrize(
    ("age_s", "freshness"),
    [pytest.param(0, "fresh", id="new"), pytest.param(41, "tired", id="late"), pytest.param(61, "gone", id="over")],
)  # fmt: skip
def test_freshness_follows_the_time_to_live(age_s: float, freshness: str) -> None:
    assert tile("vpin-vpin", vpin=envelope({"vpin": 0.4}, age_s)).freshness == freshness


def test_zero_is_a_value() -> None:
    shown = tile("obi-obi_l5", obi=envelope({"obi_l5": 0.0}))

    assert (shown.text, shown.sign, shown.reason) == ("0.000", 0, "")

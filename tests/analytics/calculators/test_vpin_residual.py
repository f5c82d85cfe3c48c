"""What is left of VPIN beyond speed and volatility (DOMAIN 3.9)."""

import math

import pytest

from analytics.calculators import vpin_residual


def rows(extra: float) -> list[tuple[float, float, float]]:
    elapsed = [60.0 * (n % 7 + 1) for n in range(50)]
    variance = [1e-6 * (n % 5 + 1) for n in range(50)]
    fitted = [
        0.3 - 0.02 * math.log(e) + 0.01 * math.log(math.sqrt(v))
        for e, v in zip(elapsed, variance, strict=True)
    ]
    found = list(zip(fitted, elapsed, variance, strict=True))
    return [*found, (0.3 - 0.02 * math.log(90) + 0.01 * math.log(0.002) + extra, 90.0, 4e-6)]


def test_what_speed_and_volatility_explain_leaves_nothing() -> None:
    assert vpin_residual.compute(rows(0), 20) == pytest.approx(0, abs=1e-12)


def test_more_than_explained_is_positive() -> None:
    found = vpin_residual.compute(rows(0.1), 20)

    assert found is not None
    assert 0.05 < found < 0.1


@pytest.mark.parametrize(
    "past",
    [
        pytest.param([], id="nothing"),
        pytest.param(rows(0)[:10], id="too few"),
        pytest.param([*rows(0), (0.2, 0.0, 1e-6)], id="last one took no time"),
    ],
)
def test_without_a_past_there_is_no_residual(past: list[tuple[float, float, float]]) -> None:
    assert vpin_residual.compute(past, 20) is None

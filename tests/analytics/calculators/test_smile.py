"""The smile that stands in where nobody quotes."""

import numpy as np
import pytest

from analytics.calculators import smile


def test_total_variance_is_linear_between_quotes() -> None:
    fit = smile.compute(np.array([0.1, -0.1]), np.array([0.2, 0.4]))

    assert fit is not None
    assert float(fit.at(0.0)) == pytest.approx(np.sqrt((0.04 + 0.16) / 2))


def test_volatility_is_flat_beyond_the_quotes() -> None:
    fit = smile.compute(np.array([0.1, -0.1]), np.array([0.2, 0.4]))

    assert fit is not None
    assert fit.at([-9, 9]).tolist() == pytest.approx([0.4, 0.2])


def test_nothing_quoted_is_no_smile() -> None:
    assert smile.compute(np.array([0.1]), np.array([np.nan])) is None

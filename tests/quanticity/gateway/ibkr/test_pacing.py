"""Sliding windows: never more than the limit in any window, and no later than needed."""

from hypothesis import given
from hypothesis import strategies as st

from quanticity.gateway.ibkr.pacing import HistoricalLimits, Window


def limits() -> HistoricalLimits:
    return HistoricalLimits(60, 600.0, 5, 2.0, 15.0)


def send(how: HistoricalLimits, n: int, instrument: str = "SPY") -> list[float]:
    now, sent = 0.0, []
    for number in range(n):
        now += how.wait(now, instrument, f"{instrument} {number}")
        how.take(now, instrument, f"{instrument} {number}")
        sent.append(now)
    return sent


def most_in(sent: list[float], seconds: float) -> int:
    return max(sum(1 for at in sent if start <= at < start + seconds) for start in sent)


def test_a_window_lets_its_limit_through_at_once() -> None:
    assert send(limits(), 5) == [0.0] * 5


def test_the_sixth_of_one_contract_waits_two_seconds() -> None:
    assert send(limits(), 6)[-1] == 2.0


def test_the_sixty_first_waits_for_the_first_to_leave_the_window() -> None:
    assert send(limits(), 61)[-1] == 600.0


def test_an_identical_request_waits_fifteen_seconds() -> None:
    how = limits()
    how.take(0.0, "SPY", "same")

    assert how.wait(4.0, "SPY", "same") == 11.0


@given(st.integers(1, 150))
def test_no_limit_is_ever_violated(n: int) -> None:
    sent = send(limits(), n)

    assert most_in(sent, 600.0 - 1e-6) <= 60
    assert most_in(sent, 2.0 - 1e-6) <= 5


@given(st.lists(st.floats(0, 0.2), max_size=200), st.integers(1, 10))
def test_a_window_holds_for_any_arrival(gaps: list[float], limit: int) -> None:
    window, now, sent = Window(limit, 1.0), 0.0, [0.0]
    window.take(0.0)
    for gap in gaps:
        now += gap
        now += window.wait(now)
        window.take(now)
        sent.append(now)

    assert most_in(sent, 1.0 - 1e-6) <= limit

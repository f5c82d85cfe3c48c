"""Who holds a row: named so that its end can be seen, and never judged where it cannot."""

import resource

import pytest

from publishing import holders


def test_we_are_here() -> None:
    assert not holders.is_gone(holders.me())
    assert not holders.is_gone(f"{holders.me()}#12")


def test_a_process_that_ended_is_gone(ended_process: str) -> None:
    assert holders.is_gone(ended_process)
    assert holders.is_gone(f"{ended_process}#12")


def test_a_number_that_another_process_has_now_is_gone() -> None:
    name, _, place = holders.me().partition("@")

    assert holders.is_gone(f"{name}0@{place}")


@pytest.mark.parametrize(
    "holder",
    [
        pytest.param("", id="nobody"),
        pytest.param("host:999999999", id="a name of an older version"),
        pytest.param("host:999999999:1@elsewhere", id="another machine"),
        pytest.param("host:999999999:1@", id="a machine that does not say"),
    ],
)
def test_who_cannot_be_seen_is_not_judged(holder: str) -> None:
    assert not holders.is_gone(holder)


def test_a_name_and_the_number_of_its_claim_fit_the_column() -> None:
    assert len(f"{'h' * 20}:4194304:99999999999@{holders.place()}#99999999") <= 60


def test_a_process_that_cannot_be_asked_for_is_not_judged(ended_process: str) -> None:
    low, high = resource.getrlimit(resource.RLIMIT_NOFILE)
    holders.place()
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, high))
    try:
        judged = holders.is_gone(ended_process)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (low, high))

    assert not judged
    assert holders.is_gone(ended_process)

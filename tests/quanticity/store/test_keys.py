import pytest

from quanticity.store import keys

ALL = [
    keys.quote("SPY"), keys.contract_quote("SPY   251121C00600000"), keys.book("SPY"),
    keys.prints("SPY"), keys.bars("SPY", "5s"), keys.bars("SPY", "1min"), keys.auction("SPY"),
    keys.chain("SPY"), keys.history("SPY", "atm_iv"), keys.state("SPY", "vpin"),

    keys.heartbeat("beat"), keys.connection(),
    keys.account(), keys.wake("gateway"),
    *(keys.reading("SPY", family) for family in keys.FAMILY_TTL),
]  # fmt: skip


def test_no_two_things_share_a_key() -> None:
    names = [key.name for key in ALL]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize("key", ALL, ids=lambda key: key.name)
def test_every_key_is_collected_one_day(key) -> None:
    assert key.ttl > 0


def test_a_family_nobody_declared_has_no_key() -> None:
    with pytest.raises(KeyError):
        keys.reading("SPY", "horoscope")

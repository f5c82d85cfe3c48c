"""One installation, one environment: what a start under another mode or account is told."""

from pathlib import Path
from typing import Any

import pytest

from quanticity import environment
from quanticity.domain.errors import ConfigError
from quanticity.environment import Bound
from quanticity.management import checkup
from quanticity.models import Environment

OTHER_PORT = 9801


@pytest.fixture
def place(db: None, store: None, settings: Any, tmp_path: Path) -> Any:
    """Settings of an installation that has never been started."""
    settings.VAR, settings.CLOCK_FILE = tmp_path, tmp_path / "clock.json"
    settings.IBKR_ACCOUNT = settings.LIVE_ARMED = ""
    settings.MODE_IS_WRITTEN = True
    return settings


def _be(settings: Any, mode: str, account: str = "") -> None:
    settings.TRADING_MODE = mode
    settings.LIVE_ARMED = account if mode == "live" else ""
    settings.IBKR_ACCOUNT = "" if mode == "live" else account


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (("sim", ""), ("paper", "DU1")),
        (("sim", ""), ("live", "U1")),
        (("paper", "DU1"), ("live", "U1")),
        (("paper", "DU1"), ("paper", "DU2")),
        (("live", "U1"), ("live", "U2")),
        (("live", "U1"), ("sim", "")),
    ],
    ids=["sim-paper", "sim-live", "paper-live", "other-paper", "other-live", "live-sim"],
)
def test_a_start_in_another_environment_is_refused_and_both_are_named(
    place: Any, first: tuple[str, str], then: tuple[str, str]
) -> None:
    _be(place, *first)
    environment.bind(OTHER_PORT)
    _be(place, *then)
    with pytest.raises(ConfigError) as refused:
        environment.bind(OTHER_PORT)
    assert f"belongs to {Bound(*first)}; this start is for {Bound(*then)}" in str(refused.value)


@pytest.mark.parametrize("kept", ["folder", "database", "store"])
def test_each_place_alone_refuses(place: Any, kept: str) -> None:
    _be(place, "sim")
    environment.bind(OTHER_PORT)
    forget = {
        "folder": (place.VAR / "environment.json").unlink,
        "database": lambda: Environment.objects.all().delete(),
        "store": lambda: environment.binding.client().flushall(),
    }
    for other in forget.keys() - {kept}:
        forget[other]()
    _be(place, "paper", "DU1")
    with pytest.raises(ConfigError, match="belongs to sim"):
        environment.bind(OTHER_PORT)


@pytest.mark.parametrize(
    ("mode", "account"), [("sim", ""), ("sim", "SIM7"), ("paper", "DU1"), ("live", "U1")]
)
def test_the_same_start_again_is_none_of_its_business(place: Any, mode: str, account: str) -> None:
    _be(place, mode, account)
    environment.bind(OTHER_PORT)
    environment.bind(OTHER_PORT)
    assert all(one == environment.ours() for one in list(environment.found().values())[:2])


def test_a_simulation_may_trade_with_any_simulated_gateway(place: Any) -> None:
    _be(place, "sim", "DU1")
    environment.bind(4002)
    _be(place, "sim", "U1234567")
    environment.bind(4001)
    environment.check_account("U1234567")


def test_an_installation_older_than_the_file_is_known_by_its_simulated_clock(place: Any) -> None:
    place.CLOCK_FILE.touch()
    _be(place, "live", "U1")
    with pytest.raises(ConfigError, match="belongs to sim"):
        environment.bind(OTHER_PORT)


@pytest.mark.parametrize(
    ("mode", "account", "port", "said"),
    [
        ("live", "", 4001, "QC_LIVE_ARMED: expected a live account"),
        ("live", "DU1", 4001, "QC_LIVE_ARMED: expected a live account"),
        ("live", "U1", 4002, "4002 is the port of a paper gateway"),
        ("live", "U1", 7497, "7497 is the port of a paper gateway"),
        ("paper", "U1", 4002, "expected a paper account"),
        ("paper", "DU1", 4001, "4001 is the port of a live gateway"),
        ("paper", "", 7496, "7496 is the port of a live gateway"),
    ],
)
def test_mode_account_and_port_agree(
    place: Any, mode: str, account: str, port: int, said: str
) -> None:
    _be(place, mode, account)
    with pytest.raises(ConfigError, match=said):
        environment.bind(port)
    assert environment.found() == {"QC_VAR": None, "database": None, "Redis": None}


def test_a_live_account_beside_a_mode_nobody_wrote_is_refused(place: Any) -> None:
    _be(place, "sim", "U1234567")
    place.MODE_IS_WRITTEN = False
    with pytest.raises(ConfigError, match="beside account U1234567, was nothing"):
        environment.bind(4002)


@pytest.mark.parametrize(
    ("mode", "named", "told", "may"),
    [
        ("sim", "", "DU1", True),
        ("sim", "", "SIM-7", True),
        ("sim", "", "U1234567", False),
        ("sim", "U1234567", "U1234567", True),
        ("paper", "", "DU1", True),
        ("paper", "", "U1", False),
        ("paper", "DU1", "DU2", False),
        ("live", "U1", "U1", True),
        ("live", "U1", "U2", False),
        ("live", "DU1", "DU1", False),
        ("live", "", "", False),
    ],
)
def test_what_a_gateway_has_logged_in_to_may_be_traded_or_not(
    place: Any, mode: str, named: str, told: str, *, may: bool
) -> None:
    _be(place, mode, named)
    assert environment.allows(told) is may


def test_the_first_paper_account_is_the_one_from_then_on(place: Any) -> None:
    _be(place, "paper")
    environment.bind(4002)
    environment.learn("DU1")
    environment.learn("DU2")
    assert environment.account() == "DU1"
    _be(place, "paper", "DU2")
    with pytest.raises(ConfigError, match="belongs to paper, account DU1"):
        environment.bind(4002)


@pytest.mark.enable_socket
def test_doctor_names_the_places_and_fails_on_a_foreign_one(place: Any) -> None:
    _be(place, "sim")
    environment.bind(4002)
    checks = {check.name: check for check in checkup.look()}
    assert checks["environment"].status == "ok"
    assert checks["environment"].detail == "QC_VAR: sim; database: sim; Redis: sim"
    _be(place, "paper", "DU1")
    checks = {check.name: check for check in checkup.look()}
    assert checks["environment"].status == "fail"
    assert "expected paper, account DU1" in checks["environment"].detail

import json
from datetime import timedelta

import pytest
from django.core.management import call_command

from quanticity import leases
from quanticity.domain.market import Quote
from quanticity.management import checkup
from quanticity.models import LeaseRow
from quanticity.store import health, market
from quanticity.store.client import client

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.enable_socket,
    pytest.mark.usefixtures("store", "noon"),
]


@pytest.fixture(autouse=True)
def var(tmp_path, settings):
    settings.VAR = tmp_path


def status_of(name: str) -> str:
    (found,) = (check.status for check in checkup.look() if check.name == name)
    return str(found)


def test_an_evicting_store_fails_with_its_repair(store) -> None:
    client().config_set("maxmemory-policy", "allkeys-lru")
    document = checkup.document(checkup.look())
    client().config_set("maxmemory-policy", "noeviction")

    (found,) = (check for check in document["checks"] if check["name"] == "redis eviction")
    assert (document["ok"], found["status"]) == (False, "fail")
    assert "noeviction" in found["fix"]


def test_a_store_that_forgets_at_restart_is_a_warning() -> None:
    assert status_of("redis persistence") == "warn"


def test_a_worker_that_beats_is_well() -> None:
    health.beat("worker-market")

    assert (status_of("worker market"), status_of("worker execution")) == ("ok", "fail")


def test_a_held_beat_lease_is_well_and_an_expired_one_is_not() -> None:
    leases.hold("beat", "host:1", 15)
    held = status_of("beat lease")
    LeaseRow.objects.update(until_boot_s=0)

    assert (held, status_of("beat lease")) == ("ok", "warn")


@pytest.mark.parametrize(
    ("age_s", "expected"), [pytest.param(1, "ok", id="fresh"), pytest.param(60, "warn", id="stale")]
)
def test_a_feed_is_judged_by_its_age(noon, age_s, expected) -> None:
    at = noon.now() - timedelta(seconds=age_s)
    market.write_quote(Quote("SPY", 1.0, 2.0, 1.0, 1.0, None, at, at))

    assert status_of("feed SPY") == expected


def test_at_night_a_silent_feed_is_off(noon) -> None:
    noon.advance(12 * 3_600)

    assert status_of("feed SPY") == "off"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param({}, "off", id="none"),
        pytest.param({"X_CONSUMER_KEY": "a"}, "off", id="one of four"),
        pytest.param(dict.fromkeys(checkup.CREDENTIALS["X"], "a"), "ok", id="all"),
    ],
)
def test_a_feature_is_on_with_all_of_its_credentials(monkeypatch, values, expected) -> None:
    for name in checkup.CREDENTIALS["X"]:
        monkeypatch.delenv(name, raising=False)
    for name, value in values.items():
        monkeypatch.setenv(name, value)

    assert status_of("X") == expected


def test_a_calendar_that_ends_soon_fails(noon) -> None:
    noon.advance(6 * 365 * 86_400)

    assert status_of("calendar") == "fail"


def test_every_check_that_is_not_well_says_what_to_do() -> None:
    document = checkup.document(checkup.look())

    helpless = [
        c["name"] for c in document["checks"] if c["status"] in ("warn", "fail") and not c["fix"]
    ]
    assert helpless == []


def test_doctor_is_one_json_document(capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", "--json")

    document = json.loads(capsys.readouterr().out)
    assert (ended.value.code, document["ok"]) == (1, False)
    assert {"name", "status", "detail", "fix"} == set(document["checks"][0])

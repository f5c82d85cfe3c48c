"""Messages: each tier's reading of each event, against golden files and the table."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from publishing import tiers
from publishing.messages import trade
from publishing.messages.message import Message
from publishing.rehearsal import rehearse
from publishing.scenarios import SCENARIOS
from quanticity.domain.errors import MalformedInput
from quanticity.domain.tiers import Tier

GOLDEN = Path(__file__).parents[1] / "golden"
MADE_FOR_PROGRAMS = (".web.json", ".webhook.json")
KINDS = ("ENTRY", "SCALE_OUT", "ADJUSTMENT", "EXIT", "EXPIRY", "CORRECTION")
HEARD = [pytest.param(k, t, id=f"{k}-{t}") for k in KINDS for t in Tier if tiers.hears(k, t)]
ENVELOPE = {"seq": 7, "event_at": "2025-11-21T15:04:05.123Z", "source": "live", "probe": False, "delay_s": 0, "late_by_s": None, "withheld": False, "receipt": "R1 abc", "upgrade": True}  # fmt: skip


def render(facts: dict[str, Any], kind: str, tier: Tier, **changes: Any) -> Message:
    told = {**facts[kind], "kind": kind, "price_now": None, **ENVELOPE, **changes}
    return trade.render(tiers.visible(told, kind, tier), tier)


def text(message: Message) -> str:
    return "\n".join(
        (
            message.headline,
            message.title,
            message.footer,
            *(f"{f.name}: {f.value}" for f in message.fields),
        )
    )


def record(written: dict[str, str]) -> None:
    for path in GOLDEN.iterdir():
        path.unlink()
    for name, said in written.items():
        (GOLDEN / name).write_text(said, encoding="utf-8")


@pytest.mark.parametrize("name", sorted(path.name for path in GOLDEN.iterdir()))
def test_golden(name: str, settings: Any) -> None:
    settings.PUBLIC_URL = "https://quanticity.example"
    scenario, _, rest = name.partition("-")
    written = {preview.name: preview.text for preview in rehearse(SCENARIOS[scenario])}

    assert written[rest] == (GOLDEN / name).read_text(encoding="utf-8")


def test_every_message_has_its_golden(settings: Any) -> None:
    settings.PUBLIC_URL = "https://quanticity.example"
    written = {f"{name}-{p.name}": p.text for name, s in SCENARIOS.items() for p in rehearse(s)}
    kept = {name: t for name, t in written.items() if not name.endswith(MADE_FOR_PROGRAMS)}
    record(kept) if os.environ.get("QC_GOLDEN") == "record" else None

    assert kept.keys() == {path.name for path in GOLDEN.iterdir()}


@pytest.mark.parametrize(("kind", "tier"), HEARD)
def test_every_message_carries_its_token_and_time(
    facts: dict[str, Any], kind: str, tier: Tier
) -> None:
    message = render(facts, kind, tier)

    assert message.token == "#T-20251121-001-7"
    assert message.footer.startswith("#T-20251121-001-7 · Nov 21, 2025 10:04:05 AM EST")


@pytest.mark.parametrize(("kind", "tier"), HEARD)
def test_canaries_stay_with_those_who_may_see_them(
    facts: dict[str, Any], kind: str, tier: Tier
) -> None:
    # Each fact is a value that occurs nowhere else; what is printed must be entitled as exact.
    numbers = [
        name
        for name, value in facts[kind].items()
        if isinstance(value, str)
        and value.lstrip("-").replace(".", "", 1).isdigit()
        and name != "strike"
    ]
    canaries = {name: f"{71 + 2 * n}.37" for n, name in enumerate(numbers)}
    said = text(render({kind: facts[kind] | canaries}, kind, tier))

    hidden = {
        name for name in canaries if tiers.entitlements(kind).get(name, {}).get(tier, "-") == "-"
    }
    assert {name for name in hidden if canaries[name] in said} == set()


@pytest.mark.parametrize(
    ("source", "probe", "label"),
    [
        ("live", False, ""),
        ("sim", False, "[SIM] "),
        ("paper", False, "[PAPER] "),
        ("replay", False, "[REPLAY] "),
        ("sim", True, "[SIM PROBE] "),
        ("live", True, "[PROBE] "),
    ],
)
@pytest.mark.parametrize(("kind", "tier"), HEARD)
def test_every_title_says_which_world_it_is(
    facts: dict[str, Any], kind: str, tier: Tier, source: str, probe: bool, label: str
) -> None:
    message = render(facts, kind, tier, source=source, probe=probe)

    assert message.title.startswith(f"{label}SPY 21 Nov 25 600C ")
    assert message.headline.startswith(label)


@pytest.mark.parametrize(("kind", "tier"), HEARD)
def test_a_fact_that_is_not_known_yet_is_pending_and_never_zero(
    facts: dict[str, Any], kind: str, tier: Tier
) -> None:
    unknown = {
        name: None
        for name in ("commission_usd", "realised_net_usd", "return_frac", "result")
        if name in facts[kind]
    }

    assert "$0.00" not in text(render(facts, kind, tier, **unknown))


@pytest.mark.parametrize("tier", list(Tier))
def test_a_withheld_entry_names_no_contract(facts: dict[str, Any], tier: Tier) -> None:
    said = text(render(facts, "ENTRY", tier, withheld=True))

    assert "outcome will be posted" in said
    assert "600C" not in said
    assert "2.00" not in said


def test_a_late_message_says_so(facts: dict[str, Any]) -> None:
    assert "Sent late by 31 min." in text(render(facts, "EXIT", Tier.FREE, late_by_s=1_900))


def test_what_a_tier_does_not_hear_of_cannot_be_written(facts: dict[str, Any]) -> None:
    with pytest.raises(MalformedInput, match="free"):
        render(facts, "ADJUSTMENT", Tier.FREE)


def test_a_correction_of_what_a_tier_cannot_see_says_nothing_of_it(facts: dict[str, Any]) -> None:
    only_money: Callable[[str], dict[str, Any]] = lambda usd: {"realised_net_usd": usd}  # noqa: E731
    message = render(facts, "CORRECTION", Tier.FREE, **only_money("10.00"), was=only_money("20.00"))

    assert "as published" in text(message)
    assert "20.00" not in text(message)

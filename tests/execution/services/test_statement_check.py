"""Our rows against real and made statements, through the command (DOMAIN 6.17, INTERFACES 4)."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command

from execution import selectors
from execution.ledger import commissions, statements
from execution.models import (
    AccountValues,
    Commission,
    Fill,
    Position,
    PositionEvent,
    Quarantine,
    Settlement,
    StatementCheck,
)
from execution.services import booking, broker, costs, statement_check
from quanticity.config.loader import section
from quanticity.domain import calendar, clock
from quanticity.domain.orders import Fill as DomainFill
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon", "folder")]
FILES = [
    "ibflex_elements.xml", "testIBFlexStatementFile01.xml", "testIBFlexStatementFile05.xml",
    "testIBFlexStatementFile09.xml", "testIBFlexStatementFile10.xml",
    "testIBFlexStatementFile28.xml",
]  # fmt: skip
HEAD = "ClientAccountID,AssetClass,Symbol,Conid,Multiplier,DateTime,TransactionType,Quantity,TradePrice,IBCommission,FifoPnlRealized,IBExecID"
BUY = "DU1,OPT,SPY   251121C00600000,77,100,20251121;120000,ExchTrade,3,2.00,-1.95,0,a.b.01"
SELL = "DU1,OPT,SPY   251121C00600000,77,100,20251121;130000,ExchTrade,-3,2.60,-1.95,176.10,a.c.01"
ENDS = "ClientAccountID,Conid,Position\nDU1,77,0"


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    """Where reports are written and statements are put."""
    settings.VAR = tmp_path
    (tmp_path / "statements").mkdir()
    return tmp_path


def put(folder: Path, *lines: str, name: str = "2025-11-21.csv") -> Path:
    path = folder / "statements" / name
    path.write_text("\n".join(lines))
    return path


def book(**changes: str) -> None:
    """Three bought at 2.00, sold at 2.60 an hour later, each for 1.95."""
    said = {"bought": "2.00", "sold": "2.60", "cost": "1.95"} | changes
    entry = factories.ref(factories.intent(), "E")
    fills = [("a.b.01", 3, said["bought"], 0), ("a.c.01", -3, said["sold"], 3_600)]
    for exec_id, quantity, price, second in fills:
        broker.record_fill(factories.fill(entry, quantity, price, second, exec_id=exec_id))
        costs.record_commission(exec_id, Decimal(said["cost"]), "USD")


def run(*words: str) -> tuple[int, dict[str, Any]]:
    code = 0
    try:
        call_command("reconcile", *words, "--json")
    except SystemExit as ended:
        code = int(str(ended.code))
    return code, {}


@pytest.fixture
def answer(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the command: its exit code and its JSON."""

    def asked(*words: str) -> tuple[int, dict[str, Any]]:
        code, _ = run(*words)
        return code, json.loads(capsys.readouterr().out)

    return asked


def fields(said: dict[str, Any]) -> list[str]:
    return sorted(one["field"] for one in said["breaks"])


def test_the_same_book_is_a_zero_break_day(folder: Path, answer: Any) -> None:
    book()

    code, said = answer("--statement", str(put(folder, HEAD, BUY, SELL, ENDS)))

    assert (code, said["ok"], said["breaks"], said["zero_break_days"]) == (0, True, [], 1)
    assert said["fills"] == {"statement": 2, "ours": 2, "left_out": 0}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"sold": "2.61"}, ["PRICE", "REALIZED", "TOTAL"], id="another price"),
        pytest.param(
            {"cost": "2.00"}, ["COMMISSION", "COMMISSION", "REALIZED", "TOTAL"], id="another cost"
        ),
    ],
)
def test_every_difference_is_a_break(
    folder: Path, answer: Any, changes: dict[str, str], expected: list[str]
) -> None:
    book(**changes)

    code, said = answer("--statement", str(put(folder, HEAD, BUY, SELL, ENDS)))

    assert (code, fields(said)) == (1, expected)
    assert all(one["causes"] for one in said["breaks"])


@pytest.mark.parametrize(
    "said", [pytest.param("PENDING", id="pending"), pytest.param("", id="no word")]
)
def test_a_cost_that_never_came_is_taken_from_the_statement(
    folder: Path, answer: Any, said: str
) -> None:
    book()
    Commission.objects.filter(pk="a.c.01").update(commission_usd=None, status="PENDING")
    Commission.objects.filter(pk="a.c.01").exclude(status=said).delete()
    path = str(put(folder, HEAD, BUY, SELL, ENDS))

    first, second = answer("--statement", path), answer("--statement", path)

    assert (first[0], second[0]) == (1, 0)
    assert Commission.objects.get(pk="a.c.01").commission_usd == Decimal("1.95")
    assert not Fill.objects.get(pk="a.c.01").booked


def test_a_cost_that_the_statement_has_otherwise_is_corrected(folder: Path, answer: Any) -> None:
    book(cost="2.00")
    path = str(put(folder, HEAD, BUY, SELL, ENDS))

    first, second = answer("--statement", path), answer("--statement", path)

    assert (first[0], second[0]) == (1, 0)
    assert set(Commission.objects.values_list("commission_usd", "stated")) == {
        (Decimal("1.95"), True)
    }


def test_a_cost_of_the_other_sign_is_an_operators_to_look_into(folder: Path, answer: Any) -> None:
    book(cost="-1.95")
    path = str(put(folder, HEAD, BUY, SELL, ENDS))

    first, second = answer("--statement", path), answer("--statement", path)

    assert (first[0], second[0]) == (1, 1)
    assert set(Commission.objects.values_list("rebate_usd", flat=True)) == {Decimal("1.95")}


@pytest.mark.parametrize(
    ("cost", "kinds"),
    [
        pytest.param("4.94", ["ENTRY", "EXIT"], id="three dollars of a trade of 600"),
        pytest.param("5.96", ["ENTRY", "EXIT", "CORRECTION"], id="more than half a percent"),
    ],
)
def test_a_stated_cost_that_changes_the_result_is_told_again(
    folder: Path, answer: Any, cost: str, kinds: list[str]
) -> None:
    book(sold="2.60")
    booking.book_owed()
    booking.book_owed()
    dear = SELL.replace("-1.95,176.10", f"-{cost},{Decimal('178.05') - Decimal(cost)}")

    answer("--statement", str(put(folder, HEAD, BUY, dear, ENDS)))
    booking.book_owed()

    assert [event.kind for event in PositionEvent.objects.order_by("seq")] == kinds
    assert Position.objects.get().realised_net_usd == Decimal("178.05") - Decimal(cost)


def test_a_fill_we_never_heard_of_is_a_break(folder: Path, answer: Any) -> None:
    code, said = answer("--statement", str(put(folder, HEAD, BUY)))

    assert (code, fields(said)) == (1, ["MISSING_HERE"])


def test_a_fill_the_broker_does_not_know_is_a_break(folder: Path, answer: Any) -> None:
    book()

    code, said = answer("--statement", str(put(folder, HEAD, BUY)))

    assert (code, fields(said)) == (1, ["MISSING_THERE", "TOTAL"])


def test_one_day_of_a_longer_statement(folder: Path, answer: Any) -> None:
    book()
    other = BUY.replace("20251121;120000", "20251120;120000").replace("a.b.01", "a.a.01")
    path = put(folder, HEAD, BUY, SELL, other)

    code, said = answer("--statement", str(path), "--date", "2025-11-21")

    assert (code, said["breaks"]) == (0, [])


def test_the_file_of_a_day_is_found_in_the_folder(folder: Path, answer: Any) -> None:
    book()
    put(folder, HEAD, BUY, SELL, ENDS)

    assert answer("--date", "2025-11-21")[0] == 0


def test_the_report_says_what_may_have_caused_it(folder: Path, answer: Any) -> None:
    _, said = answer("--statement", str(put(folder, HEAD, BUY)))

    report = Path(said["report"]).read_text()
    assert "MISSING_HERE a.b.01: ours none, theirs 3" in report
    assert "may be: manual trade at the broker" in report


def test_a_statement_of_another_account_is_no_clean_day(folder: Path, answer: Any) -> None:
    factories.account(account="DU9")

    code, said = answer("--statement", str(put(folder, HEAD, BUY.replace(",3,", ",0,"))))

    assert (code, "ACCOUNT" in fields(said)) == (1, True)
    assert AccountValues.objects.count() == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"hello", "ClientAccountID header", id="no statement"),
        pytest.param(b"<FlexQueryResponse>", "XML", id="half a file"),
        pytest.param(b"", "ClientAccountID header", id="empty"),
        pytest.param(b"\xff\xfe\x00", "found byte 0xff", id="no text"),
        pytest.param(
            f"{HEAD}\n{BUY.replace(',3,', ',three,')}".encode(), "'three'", id="no number"
        ),
    ],
)
def test_a_bad_file_is_one_sentence_and_exit_2(folder: Path, content: bytes, said: str) -> None:
    path = folder / "bad"
    path.write_bytes(content)

    with pytest.raises(CommandError, match=said) as raised:
        call_command("reconcile", "--statement", str(path))

    assert raised.value.returncode == 2


def test_a_file_that_is_not_there_is_exit_2(folder: Path) -> None:
    with pytest.raises(CommandError, match="No such file") as raised:
        call_command("reconcile", "--statement", str(folder / "nothing"))

    assert raised.value.returncode == 2


@pytest.mark.parametrize(
    ("days", "row"),
    [
        pytest.param([18, 19, 20, 21], 4, id="four in a row"),
        pytest.param([17, 18, 20, 21], 2, id="nobody compared the 19th"),
        pytest.param([14, 17, 18], 3, id="over a weekend"),
    ],
)
def test_days_without_a_break_are_counted_as_long_as_none_is_missing(
    db: None, days: list[int], row: int
) -> None:
    for n in days:
        day = date(2025, 11, n)
        StatementCheck.objects.create(
            name="", digest="", fills_n=0, breaks=[], at=clock.now(), from_date=day, to_date=day
        )

    assert selectors.zero_break_days() == row


def test_new_statements_in_the_folder_are_compared_once(folder: Path) -> None:
    book()
    put(folder, HEAD, BUY, SELL, ENDS)

    assert [len(one.found) for one in statement_check.check_new()] == [0]
    assert statement_check.check_new() == []
    assert StatementCheck.objects.count() == 1


@pytest.mark.parametrize("name", FILES)
def test_a_book_made_of_a_real_statement_agrees_with_it(
    shared: Path, name: str, answer: Any
) -> None:
    path = shared / "data/ib/flex" / name
    trades = [t for t in read(path).trades if t.asset == "OPT" and t.exec_id]
    for trade in trades:
        keep(trade)

    _, said = answer("--statement", str(path))

    assert said["fills"]["ours"] == len(trades)
    assert {one["field"] for one in said["breaks"]} <= {"MISSING_HERE", "POSITION"}
    unexplained = [one for one in said["breaks"] if one["field"] == "MISSING_HERE"]
    assert all(one["causes"] == ["expiry, exercise or assignment"] for one in unexplained)


def read(path: Path) -> statements.Statement:
    costs = section("execution.commissions", commissions.Settings)
    return statements.read(path.read_text(), ZoneInfo("America/New_York"), costs)


def keep(trade: statements.Trade) -> None:
    assert trade.contract is not None
    assert trade.executed_at is not None
    made = DomainFill(
        trade.exec_id, "", 0, trade.contract, trade.con_id, int(trade.quantity), trade.price,
        trade.executed_at, trade.account,
    )  # fmt: skip
    broker.record_fill(made)
    Commission.objects.create(
        exec_id=trade.exec_id, commission_usd=trade.commission.commission_usd,
        rebate_usd=trade.commission.rebate_usd, status="OK", at=trade.executed_at,
    )  # fmt: skip
    assert Fill.objects.filter(pk=trade.exec_id).exists()


@pytest.mark.parametrize(
    ("occ", "lines", "found"),
    [
        pytest.param("SPY251128C00600000", ["DU1,78,2"], [], id="still there"),
        pytest.param("SPY251128C00600000", [], ["POSITION"], id="gone without a word"),
        pytest.param("SPY251121C00600000", [], [], id="expired since"),
    ],
)
def test_what_an_operator_took_into_the_book_is_explained(
    folder: Path, answer: Any, occ: str, lines: list[str], found: list[str]
) -> None:
    now = clock.now()
    Quarantine.objects.create(
        account="DU1", con_id=78, occ=occ, symbol="SPY", kind="QUANTITY_ABOVE", difference=2,
        accepted=True, opened_at=now, seen_at=now, ended_at=now, ended_by="ann", detail="",
    )  # fmt: skip
    book()

    _, said = answer("--statement", str(put(folder, HEAD, BUY, SELL, ENDS, *lines)))

    assert fields(said) == found


EXPIRED = "DU1,OPT,SPY   251121C00600000,77,100,20251121;162000,BookTrade,-3,0,0,-601.95,"
LEFT = "ClientAccountID,Conid,Position\nDU1,77,3"


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        pytest.param([EXPIRED, ENDS], [], id="booked by the broker, too"),
        pytest.param([ENDS], [], id="gone without a row"),
        pytest.param([LEFT], [], id="not gone there yet"),
        pytest.param(
            [EXPIRED.replace("-3,0", "-2,0"), ENDS], ["MISSING_HERE"], id="another number"
        ),
        pytest.param([LEFT.replace("77,3", "77,1")], ["POSITION"], id="some are left there"),
    ],
)
def test_what_expired_is_explained(
    folder: Path, answer: Any, lines: list[str], found: list[str]
) -> None:
    of = factories.intent()
    broker.record_fill(factories.fill(factories.ref(of, "E"), 3, "2.00", exec_id="a.b.01"))
    costs.record_commission("a.b.01", Decimal("1.95"), "USD")
    booking.book(of.pk)
    Settlement.objects.create(
        position=Position.objects.get(), quantity=3, price=0, underlying=598, exercised=False,
        settled_at=calendar.session(factories.TODAY).close_at, recorded_at=clock.now(),
    )  # fmt: skip

    _, said = answer("--statement", str(put(folder, HEAD, BUY, *lines)))

    assert fields(said) == found

"""Statements are asked of a server that answers as IBKR's Flex service does, over a real socket."""

import threading
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from execution.models import RiskEvent, StatementCheck, StatementFetch
from execution.services import statement_check, statement_fetch
from quanticity.domain.clock import NEW_YORK

pytestmark = [
    pytest.mark.django_db, pytest.mark.usefixtures("noon"), pytest.mark.enable_socket,
]  # fmt: skip
TOKEN = "a-token-that-nobody-may-see"
STATEMENT = (
    '<FlexQueryResponse queryName="all" type="AF"><FlexStatements count="1">'
    '<FlexStatement accountId="U1" fromDate="20251120" toDate="20251121"><Trades/>'
    "</FlexStatement></FlexStatements></FlexQueryResponse>"
)
OLDER = STATEMENT.replace("20251121", "20251120").replace("20251120", "20251119", 1)
BUSY = ("Warn", "1019", "Statement generation in progress. Please try again shortly.")


def refusal(status: str, code: str, text: str) -> str:
    return (
        f"<FlexStatementResponse timestamp='20 November, 2025 06:00 PM EST'><Status>{status}"
        f"</Status><ErrorCode>{code}</ErrorCode><ErrorMessage>{text}</ErrorMessage>"
        "</FlexStatementResponse>"
    )


class Flex:
    """Two doors; `said` overrules the next answers of SendRequest, `made_after` looks."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.refusals: list[tuple[str, str, str]] = []
        self.status = 200
        self.made_after = 2
        self.url = ""
        self.statement = STATEMENT

    def answer(self, path: str, query: dict[str, list[str]], agent: str) -> str:
        self.asked.append((path.rsplit("/", 1)[-1], query["q"][0]))
        assert (query["t"], query["v"], bool(agent)) == ([TOKEN], ["3"], True)
        if self.refusals:
            return refusal(*self.refusals.pop(0))
        if path.endswith("/SendRequest"):
            return (
                "<FlexStatementResponse timestamp='20 November, 2025 06:00 PM EST'>"
                "<Status>Success</Status><ReferenceCode>4711</ReferenceCode>"
                f"<Url>{self.url}/GetStatement</Url></FlexStatementResponse>"
            )
        self.made_after -= 1
        return refusal(*BUSY) if self.made_after >= 0 else self.statement


@pytest.fixture
def flex(settings: Any, tmp_path: Path) -> Iterator[Flex]:
    """The service, the credential for it, and an empty folder."""
    service = Flex()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            said = service.answer(url.path, parse_qs(url.query), self.headers["User-Agent"] or "")
            self.send_response(service.status)
            self.end_headers()
            self.wfile.write(said.encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_port}/FlexWebService"
    settings.IBKR_FLEX_URL, settings.VAR = service.url, tmp_path
    settings.IBKR_FLEX_TOKEN, settings.IBKR_FLEX_QUERY_ID = TOKEN, "88"
    yield service
    server.shutdown()
    thread.join()
    server.server_close()


def new_york(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


def fetch() -> Path | None:
    return statement_fetch.fetch_due(sleep=lambda _: None)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        pytest.param("2025-11-20T18:00", "2025-11-20T18:00", id="two hours after the close"),
        pytest.param("2025-11-20T17:59", "2025-11-20T07:00", id="not a minute before"),
        pytest.param("2025-11-21T07:00", "2025-11-21T07:00", id="next morning"),
        pytest.param("2025-11-22T12:00", "2025-11-22T07:00", id="Friday's on Saturday"),
        pytest.param("2025-11-24T09:00", "2025-11-22T07:00", id="none on Monday morning"),
        pytest.param("2025-11-28T15:00", "2025-11-28T15:00", id="a half day"),
    ],
)
def test_a_statement_is_due_twice_a_session(now: str, due: str) -> None:
    s = statement_fetch.section("execution.flex", statement_fetch.flex_service.Settings)

    assert statement_fetch.due_at(new_york(now), s) == new_york(due)


def test_it_is_asked_for_waited_for_kept_and_compared_by_itself(flex: Flex, noon: Any) -> None:
    noon.at = new_york("2025-11-20T18:01")

    path = fetch()

    assert path is not None
    assert path.name == "flex-2025-11-21-201800.xml"
    assert path.read_text() == STATEMENT
    assert flex.asked == [("SendRequest", "88"), *[("GetStatement", "4711")] * 3]
    assert StatementFetch.objects.get().state == "FETCHED"
    statement_check.check_new()
    assert StatementCheck.objects.get().name == path.name


def test_the_same_one_is_not_asked_for_again(flex: Flex, noon: Any) -> None:
    fetch()
    noon.advance(3_600)

    assert fetch() is None
    assert len(flex.asked) == 4


def test_a_slow_one_goes_on_under_its_reference(flex: Flex, noon: Any) -> None:
    flex.made_after = 8
    assert fetch() is None
    row = StatementFetch.objects.get()
    assert (row.state, row.reference) == ("OWED", "4711")
    assert fetch() is None  # too soon to ask again
    noon.advance(601)

    assert fetch() is not None
    assert [door for door, _ in flex.asked].count("SendRequest") == 1


@pytest.mark.parametrize("code", ["1001", "1009", "1018", "1021", "1017"])
def test_what_may_pass_is_asked_again_later(flex: Flex, noon: Any, code: str) -> None:
    flex.refusals = [("Fail", code, "Please try again shortly.")]
    assert fetch() is None
    assert code in StatementFetch.objects.get().error
    noon.advance(601)

    assert fetch() is not None
    assert not RiskEvent.objects.exists()


@pytest.mark.parametrize("code", ["1012", "1013", "1014", "1015", "1020"])
def test_what_wants_an_operator_is_an_alarm_and_not_asked_again(
    flex: Flex, noon: Any, code: str
) -> None:
    flex.refusals = [("Fail", code, "Token has expired.")]
    assert fetch() is None
    noon.advance(3_600)
    assert fetch() is None

    assert len(flex.asked) == 1
    alarm = RiskEvent.objects.get()
    assert alarm.code == "STATEMENT_REFUSED"
    assert code in alarm.value
    assert TOKEN not in alarm.value


@pytest.mark.parametrize(("status", "state"), [(503, "OWED"), (429, "OWED"), (403, "FAILED")])
def test_a_house_that_is_closed_is_tried_again(flex: Flex, status: int, state: str) -> None:
    flex.status = status

    assert fetch() is None
    row = StatementFetch.objects.get()
    assert row.state == state
    assert str(status) in row.error


def test_nobody_there_is_no_answer_and_names_no_token(flex: Flex, settings: Any) -> None:
    settings.IBKR_FLEX_URL = "http://127.0.0.1:9/FlexWebService"

    assert fetch() is None
    assert StatementFetch.objects.get().error == "no answer of the Flex service (ConnectError)"


def test_the_token_is_taken_to_no_other_house(flex: Flex) -> None:
    flex.url = "http://elsewhere.example.com:80/FlexWebService"

    assert fetch() is not None


def test_one_that_never_came_is_told_when_the_next_is_due(flex: Flex, noon: Any) -> None:
    noon.at = new_york("2025-11-20T18:01")
    flex.status = 503
    fetch()
    noon.at, flex.status = new_york("2025-11-21T07:01"), 200

    assert fetch() is not None
    assert RiskEvent.objects.get().code == "STATEMENT_MISSING"


def test_without_a_credential_nobody_is_asked(flex: Flex, settings: Any) -> None:
    settings.IBKR_FLEX_TOKEN = ""

    assert fetch() is None
    assert flex.asked == []


def test_a_file_that_is_no_statement_keeps_no_other_from_being_compared(flex: Flex) -> None:
    path = fetch()
    assert path is not None
    (path.parent / "a.xml").write_text("<html>no statement</html>")

    assert [made.check.name for made in statement_check.check_new()] == [path.name]
    assert RiskEvent.objects.get().code == "STATEMENT_UNREADABLE"


def test_yesterdays_statement_is_not_taken_for_todays(flex: Flex, noon: Any) -> None:
    noon.at, flex.statement = new_york("2025-11-21T18:01"), OLDER
    assert fetch() is None
    row = StatementFetch.objects.get()
    assert (row.state, row.reference) == ("OWED", "")
    assert row.error == "the statement ends 2025-11-20, not yet with 2025-11-21"
    noon.advance(601)
    flex.statement = STATEMENT

    path = fetch()

    assert path is not None
    assert path.name == "flex-2025-11-21-211800.xml"


@pytest.mark.parametrize("code", ["1017", "1004", "1003", "1005"])
def test_a_reference_that_gives_nothing_is_asked_for_anew(flex: Flex, noon: Any, code: str) -> None:
    flex.made_after = 8
    fetch()
    noon.advance(601)
    flex.refusals = [("Fail", code, "No such statement.")]
    assert fetch() is None
    noon.advance(601)

    assert fetch() is not None
    assert [door for door, _ in flex.asked].count("SendRequest") == 2


@pytest.mark.parametrize("code", ["1018", "1009"])
def test_a_service_that_is_busy_keeps_the_reference(flex: Flex, noon: Any, code: str) -> None:
    flex.made_after = 8
    fetch()
    noon.advance(601)
    flex.refusals = [("Fail", code, "Too many requests.")]
    assert fetch() is None
    noon.advance(601)

    assert fetch() is not None
    assert [door for door, _ in flex.asked].count("SendRequest") == 1


def test_sessions_that_nobody_asked_for_are_told(flex: Flex, noon: Any) -> None:
    noon.at = new_york("2025-11-18T18:01")
    fetch()
    noon.at = new_york("2025-11-21T18:01")
    fetch()

    missed = StatementFetch.objects.filter(state="FAILED").order_by("due_at")
    told = [f"{row.due_at.astimezone(NEW_YORK):%d %H}" for row in missed]
    assert told == ["19 07", "19 18", "20 07", "20 18", "21 07"]
    assert RiskEvent.objects.filter(code="STATEMENT_MISSING").count() == 5

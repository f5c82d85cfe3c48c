import pytest

from quanticity.runtime import logs


@pytest.fixture
def log(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "LIMIT_BYTES", 10)
    return tmp_path / "web.log"


def test_a_short_log_stays(log) -> None:
    log.write_text("short")

    logs.rotate(log)

    assert log.read_text() == "short"


def test_a_long_log_is_set_aside_while_its_process_goes_on_writing(log) -> None:
    with log.open("ab", buffering=0) as process:
        process.write(b"long enough\n")
        logs.rotate(log)
        process.write(b"next\n")

    assert (log.read_text(), log.with_name("web.log.1").read_text()) == ("next\n", "long enough\n")


def test_five_old_logs_are_kept(log) -> None:
    for n in range(8):
        log.write_text(f"number {n} is long")
        logs.rotate(log)

    kept = sorted(path.name for path in log.parent.iterdir())
    assert kept == ["web.log", *(f"web.log.{n}" for n in range(1, 6))]
    assert log.with_name("web.log.5").read_text() == "number 3 is long"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("INFO all is well\n", None, id="none"),
        pytest.param("ERROR a\nINFO b\nERROR c\nINFO d\n", "ERROR c", id="the latest"),
        pytest.param(
            'Traceback\n  File "x"\nValueError: no\nINFO on\n', "ValueError: no", id="raised"
        ),
        pytest.param("a.b.NotConnectedError: x\n", "a.b.NotConnectedError: x", id="qualified"),
    ],
)
def test_the_last_error_of_a_log(tmp_path, text, expected) -> None:
    path = tmp_path / "log"
    path.write_text(text)

    assert logs.last_error(path) == expected


def test_a_log_that_is_not_there_has_no_error(tmp_path) -> None:
    assert logs.last_error(tmp_path / "log") is None

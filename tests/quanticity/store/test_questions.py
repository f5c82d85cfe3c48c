"""Questions between processes, on a real store."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from quanticity.store import keys, questions
from quanticity.store.client import client

pytestmark = [pytest.mark.usefixtures("store"), pytest.mark.enable_socket]


def test_a_question_gets_its_own_answer() -> None:
    def reply() -> Any:
        found = questions.take("gateway", 3.0)
        assert found is not None
        questions.answer(found[0], {"echo": found[1]["n"]})

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(questions.ask, "gateway", {"n": n}, 3.0) for n in range(2)]
        for _ in asked:
            pool.submit(reply)
        answers = [one.result() for one in asked]

    assert answers == [{"echo": 0}, {"echo": 1}]


def test_a_question_nobody_answers_is_taken_back() -> None:
    assert questions.ask("gateway", {"n": 1}, 0.05) is None
    assert client().exists(keys.question("gateway").name) == 0


def test_without_a_question_there_is_nothing_to_take() -> None:
    assert questions.take("gateway", 0.05) is None


def test_a_late_answer_is_not_kept_for_long() -> None:
    questions.answer("late", {})
    assert 0 < client().ttl(keys.answer("late").name) <= 10

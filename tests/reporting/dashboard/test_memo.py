"""One answer for all who ask at the same moment."""

from itertools import count

from reporting.dashboard.memo import Memo


def test_the_same_question_is_answered_once() -> None:
    numbers = count()
    memo = Memo(lambda _tier: next(numbers), seconds=60)

    assert [memo("free"), memo("free"), memo("basic")] == [0, 0, 1]


def test_an_old_answer_is_not_given() -> None:
    numbers = count()
    memo = Memo(lambda: next(numbers), seconds=0)

    assert [memo(), memo()] == [0, 1]

"""The time of a batch, to the moment."""

import pytest
from partial_batch import clock as _clock

from tests.unit.conftest import Clock

LONGEST = 1_000_000_000
"""Milliseconds; a timer takes no more."""


class Remaining:
    def __init__(self, milliseconds: object) -> None:
        self._milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> object:
        return self._milliseconds


@pytest.mark.parametrize("milliseconds", [LONGEST, -LONGEST, float("inf"), float("nan"), True, False, "60000", None])
def test_what_no_timer_takes_and_what_is_not_a_number_is_no_limit(milliseconds: object) -> None:
    clock = _clock.Clock(Remaining(milliseconds), 1)

    assert (clock.deadline, clock.end, clock.seconds, clock.seconds_left()) == (None, None, None, None)
    assert clock.may_report()
    assert not clock.ran_out()


@pytest.mark.parametrize("milliseconds", [LONGEST - 1, 1 - LONGEST, 0])
def test_any_other_number_is_one(milliseconds: int, clock: Clock) -> None:
    limited = _clock.Clock(Remaining(milliseconds), 1)

    assert limited.end == 1000 + milliseconds / 1000
    assert limited.deadline == limited.end - 1
    assert limited.seconds == milliseconds / 1000 - 1


def test_failures_are_reported_until_half_of_the_reserve_is_used_up(clock: Clock) -> None:
    limited = _clock.Clock(clock, 1)  # a minute after 1000

    clock.now = 1059.499
    assert limited.may_report()
    clock.now = 1059.5
    assert not limited.may_report()


def test_time_ran_out_when_less_is_left_than_the_slowest_took(clock: Clock) -> None:
    limited = _clock.Clock(clock, 1)
    limited.note_duration(9)

    clock.now = 1050
    assert not limited.ran_out()
    assert limited.latest_start == 1050
    clock.now = 1050.001
    assert limited.ran_out()

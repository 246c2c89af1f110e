"""What does not work at the moment: said once, and tried again after growing pauses."""

import threading

from botocore.exceptions import BotoCoreError, ClientError

from sqslab.aws_errors import describe
from sqslab.mapping.events import Listener, OutageBegan, OutageEnded

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 15.0
_DOUBLINGS = 5  # after which it is longer than the longest, anyway


class Outages:
    """What does not work at the moment, known to all threads, so that it is said once and not by each of them.

    Args:
        endpoint_url: the endpoint they all talk to.
        tell: who hears about it.
    """

    def __init__(self, endpoint_url: str, tell: Listener) -> None:
        self._endpoint_url = endpoint_url
        self._tell = tell
        self._current: set[str] = set()
        self._lock = threading.Lock()

    def began(self, subject: str, error: ClientError | BotoCoreError, *, in_any_case: bool = False) -> None:
        """Note that a call failed.

        Args:
            subject: what it was for.
            error: how it failed. If there was no answer at all, it is the endpoint's outage.
            in_any_case: it is the subject's outage even then: other calls may well be answered.
        """
        if not isinstance(error, ClientError) and not in_any_case:
            subject = self._endpoint_url
        with self._lock:
            if subject not in self._current:
                self._current.add(subject)
                self._tell(OutageBegan(subject, describe(error)))

    def ended(self, subject: str) -> None:
        """Note that a call for `subject` worked, and so that the endpoint answers."""
        with self._lock:
            for name in (self._endpoint_url, subject):
                if name in self._current:
                    self._current.remove(name)
                    self._tell(OutageEnded(name))


class Pauses:
    """How long to wait before the next try: longer after every failure.

    Attributes:
        failures: how many there were since the last success.
    """

    def __init__(self) -> None:
        self.failures = 0

    def after_failure(self) -> float:
        """Give the seconds to wait now."""
        pause = min(_FIRST_PAUSE * (1 << min(self.failures, _DOUBLINGS)), _LONGEST_PAUSE)
        self.failures += 1
        return pause

    def after_success(self) -> None:
        """Begin with short pauses again."""
        self.failures = 0

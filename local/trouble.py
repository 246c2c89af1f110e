"""Keeping calm while something does not work: saying it once, and trying again with growing pauses."""

import textwrap
import threading

from botocore.exceptions import BotoCoreError, ClientError

from local.happenings import Listener, TroubleBegan, TroubleEnded

# What an AWS client raises: the service refused, or could not be reached.
AWS_ERRORS = (ClientError, BotoCoreError)

_LONGEST_DESCRIPTION = 300
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 15.0
_DOUBLINGS = 5  # after which it is longer than the longest, anyway


class Troubles:
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
            error: how it failed. If there was no answer at all, it is the endpoint that is in trouble.
            in_any_case: it is the subject's trouble even then: other calls may well be answered.
        """
        if not isinstance(error, ClientError) and not in_any_case:
            subject = self._endpoint_url
        with self._lock:
            if subject not in self._current:
                self._current.add(subject)
                self._tell(TroubleBegan(subject, describe(error)))

    def ended(self, subject: str) -> None:
        """Note that a call for `subject` worked, and so that the endpoint answers."""
        with self._lock:
            for name in (self._endpoint_url, subject):
                if name in self._current:
                    self._current.remove(name)
                    self._tell(TroubleEnded(name))


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


def describe(error: ClientError | BotoCoreError) -> str:
    """Say what an AWS client's error means, in one line."""
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        return _one_line(f"{details.get('Code', 'unknown error')}: {details.get('Message', 'no message')}")
    return _one_line(str(error))


def _one_line(text: str) -> str:
    """What answers may be no AWS at all but a web server with a whole page."""
    return textwrap.shorten(text, _LONGEST_DESCRIPTION, placeholder="...")

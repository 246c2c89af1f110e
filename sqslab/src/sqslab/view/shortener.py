"""Makes what functions log short, for a view that has few lines.

Only what formatting adds is left out: the logger's name, and of a traceback the frames that are not the function's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_TRACEBACK = "Traceback (most recent call last):"
_FRAME = re.compile(r'\s+File "([^"]*)", line \d+')
_MARKS = re.compile(r"[\s~^]*")  # below the source line of a frame
_OWN_CODE = "/var/task/"  # https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
# As `logging.basicConfig` writes it: https://docs.python.org/3/library/logging.html#logging.BASIC_FORMAT
_PLAIN = re.compile(r"(DEBUG|INFO|WARNING|ERROR|CRITICAL):([^:\s]*):")
_CHATTY = ("boto3", "botocore")  # at DEBUG and INFO: where it has found endpoint and credentials


@dataclass(frozen=True)
class ShortLine:
    """A line to show.

    Attributes:
        text: the line.
        continues: whether it belongs to the one before it.
    """

    text: str
    continues: bool = False


@dataclass
class _Traceback:
    own: bool = False  # whether a frame of the function's own code was shown
    shown: bool = False  # whether the frame at hand is
    frame: list[str] = field(default_factory=list)


class Shortener:
    """Shortens lines as they come; it remembers which function is in the middle of a traceback."""

    def __init__(self) -> None:
        self._tracebacks: dict[str, _Traceback] = {}

    def shorten(self, function: str, text: str) -> list[ShortLine]:
        """Shorten the next line.

        Args:
            function: who logged it.
            text: the line.

        Returns:
            What to show in its place: often one line, none if it is noise.
        """
        traceback = self._tracebacks.get(function)
        if traceback is not None and text.startswith(" "):
            return _of_frame(traceback, text)
        if traceback is not None:
            del self._tracebacks[function]
            if not _PLAIN.match(text):  # else it was cut off
                return [ShortLine(line, continues=True) for line in [*([] if traceback.own else traceback.frame), text]]
        if text == _TRACEBACK:
            self._tracebacks[function] = _Traceback()
            return []
        if plain := _PLAIN.match(text):
            level, logger = plain.groups()
            if level in ("DEBUG", "INFO") and logger.split(".")[0] in _CHATTY:
                return []
            text = f"{level} {text[plain.end() :]}"
        return [ShortLine(text)] if text.strip() else []


def _of_frame(traceback: _Traceback, text: str) -> list[ShortLine]:
    if frame := _FRAME.match(text):
        traceback.frame = []
        traceback.shown = frame[1].startswith(_OWN_CODE)
        traceback.own = traceback.own or traceback.shown
    if _MARKS.fullmatch(text):
        return []
    traceback.frame.append(text)
    return [ShortLine(text, continues=True)] if traceback.shown else []

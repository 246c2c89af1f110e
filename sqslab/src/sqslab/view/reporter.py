"""Feeds the view: the numbers and the functions' log lines, looked up again and again in a thread of its own."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

from sqslab.aws_errors import AWS_ERRORS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from sqslab.stack.function_logs import LogTail
    from sqslab.view.rows import Rows
    from sqslab.view.screen import Screen

_SECONDS_BETWEEN_LOOKS = 0.5


class Reporter:
    """Shows rows and log lines for as long as a `with` block runs.

    Args:
        rows: makes the rows.
        logs: reads the log lines.
        names: the functions' names in the template by their real ones.
        screen: where to show them.
    """

    def __init__(self, rows: Rows, logs: LogTail, names: Mapping[str, str], screen: Screen) -> None:
        self._rows = rows
        self._logs = logs
        self._names = names
        self._screen = screen
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)
        self._bug: Exception | None = None

    def __enter__(self) -> Self:
        """Begin to show."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Look a last time, and stop."""
        self._stopping.set()
        self._thread.join()

    def check(self) -> None:
        """Raise what made the thread end, if something did."""
        if self._bug is not None:
            raise self._bug

    def _run(self) -> None:
        try:
            while not self._stopping.wait(_SECONDS_BETWEEN_LOOKS):
                self._look()
            self._look()
        except Exception as error:  # `check` raises it where somebody sees it
            self._bug = error

    def _look(self) -> None:
        try:
            rows = self._rows.now()
            self._screen.rows(rows)
            for line in self._logs.new_lines(sorted({row.function_name for row in rows})):
                self._screen.log(line, self._names.get(line.function, line.function))
        except AWS_ERRORS:
            return  # the pollers notice it as well, and tell

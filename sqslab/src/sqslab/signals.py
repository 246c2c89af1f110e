"""Ctrl-C, SIGTERM and a closed terminal: one way to end, and cleaning up that they cannot cut short."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Shield:
    """How deep this process is inside `shielded`, and whether a signal came meanwhile."""

    depth = 0
    pending = False


def interrupt_on_signals() -> None:
    """Make SIGINT, SIGTERM and SIGHUP raise `KeyboardInterrupt` in the main thread."""
    for number in _SIGNALS:
        signal.signal(number, _interrupt)


def forget_interrupt() -> None:
    """Let this process end with the exit code it gives.

    CPython notes a `KeyboardInterrupt` that leaves code run from a string, as the standard library runs it for each
    dataclass, and `python -m` then ends by SIGINT although the exception was caught. Running such code to its end
    takes the note back.
    """
    exec("")  # noqa: S102


@contextmanager
def shielded() -> Iterator[None]:
    """Hold signals back until the block is done, then raise `KeyboardInterrupt` if one came.

    For short, bounded work that must not be left half done: starting a process and taking hold of it, or stopping it.
    Children are unaffected, as no signal is blocked.
    """
    _Shield.depth += 1
    try:
        yield
    finally:
        _Shield.depth -= 1
    if _Shield.depth == 0 and _Shield.pending:
        _Shield.pending = False
        raise KeyboardInterrupt


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    if _Shield.depth:
        _Shield.pending = True
    else:
        raise KeyboardInterrupt

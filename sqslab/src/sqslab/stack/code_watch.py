"""Notices when the code of the functions and layers, or the template, changes."""

from __future__ import annotations

import os
import threading
import time
import tomllib
from typing import TYPE_CHECKING, Self

from watchdog.events import (
    EVENT_TYPE_CREATED,
    EVENT_TYPE_DELETED,
    EVENT_TYPE_MODIFIED,
    EVENT_TYPE_MOVED,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from sqslab.stack.project import Project

# An editor saves in several steps, and a checkout changes many files: wait until it has been quiet for this long.
_QUIET_SECONDS = 0.5
# What a build or a tool writes, and hidden files, such as those of editors.
_IGNORED_NAMES = frozenset({"__pycache__", "node_modules"})
_CHANGES = (EVENT_TYPE_CREATED, EVENT_TYPE_DELETED, EVENT_TYPE_MODIFIED, EVENT_TYPE_MOVED)


class CodeWatch(FileSystemEventHandler):
    """Watches what `sam build` read, for as long as a `with` block runs.

    The system tells of changes; nothing is polled.

    Args:
        project: a project that has been built.
        since: when that build began, in seconds since the epoch. What was saved while it ran counts as a change; None
            if nothing was.
    """

    def __init__(self, project: Project, since: float | None = None) -> None:
        self._project = project
        self._lock = threading.Lock()
        self._last_event: float | None = None
        self._observer = Observer()
        self._watched: set[Path] = set()
        self._seen = self._snapshot()
        if since is not None and (saved := [path for path in self._seen if _saved_at(path) >= since]):
            # As they were before, the build may have read them, or not.
            self._last_event = time.monotonic()
            for path in saved:
                del self._seen[path]
        self._deployed = self._seen

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._observer.start()  # type: ignore[no-untyped-call] # watchdog has types for some
        self._watch_folders()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop watching."""
        self._observer.stop()  # type: ignore[no-untyped-call]
        self._observer.join()

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Take note of a change; called by watchdog in a thread of its own."""
        if event.event_type in _CHANGES:
            with self._lock:
                self._last_event = time.monotonic()

    def changed(self) -> bool:
        """Say whether something was saved since the last time this was asked and true, and is complete."""
        with self._lock:
            if self._last_event is None or time.monotonic() - self._last_event < _QUIET_SECONDS:
                return False
            self._last_event = None
        # Not every event is a change of the code: compilers write caches, and tools touch what they read.
        before, self._seen = self._seen, self._snapshot()
        return self._seen != before

    def undeployed(self) -> list[str]:
        """List the files that were saved since what was deployed last, as far as `changed` has told."""
        return [path for path, stamp in self._seen.items() if self._deployed.get(path) != stamp]

    def follow_build(self, *, deployed: bool = True) -> None:
        """Watch the folders of functions and layers that a build has added.

        Args:
            deployed: whether what was built is deployed as well.
        """
        self._watch_folders()
        self._seen = self._snapshot() | self._seen
        if deployed:
            self._deployed = self._seen

    def _watch_folders(self) -> None:
        for folder in self._folders():
            if folder not in self._watched and folder.is_dir():
                # Of the template's own folder only what lies in it directly: the template.
                recursive = folder in self._code_folders()
                self._observer.schedule(self, str(folder), recursive=recursive)  # type: ignore[no-untyped-call]
                self._watched.add(folder)

    def _folders(self) -> set[Path]:
        return {self._project.directory, *self._code_folders()}

    def _code_folders(self) -> set[Path]:
        """The folders that the last build made functions and layers of, as `sam build` notes them."""
        try:
            notes = tomllib.loads((self._project.directory / ".aws-sam" / "build.toml").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return set()
        definitions = [
            definition
            for section in ("function_build_definitions", "layer_build_definitions")
            for definition in notes.get(section, {}).values()
        ]
        return {
            (self._project.directory / definition["codeuri"]).resolve()
            for definition in definitions
            if definition.get("codeuri")
        }

    def _snapshot(self) -> dict[str, tuple[int, int]]:
        """Give the time of change and the size of every file that matters."""
        return {path: stamp for path in self._files() if (stamp := _stamp(path)) is not None}

    def _files(self) -> Iterator[str]:
        yield str(self._project.template)
        for folder in self._code_folders():
            for path, directories, files in os.walk(folder):
                directories[:] = [name for name in directories if _matters(name)]
                yield from (os.path.join(path, name) for name in files if _matters(name))


def _matters(name: str) -> bool:
    return not name.startswith(".") and not name.endswith((".pyc", "~")) and name not in _IGNORED_NAMES


def _saved_at(path: str) -> float:
    try:
        # Not only when it was written: moving a file into place, as editors do, keeps that.
        return os.stat(path).st_ctime
    except OSError:  # gone again
        return float("inf")


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:  # gone again
        return None
    return status.st_mtime_ns, status.st_size

"""What the parameters of a template are called that carry the settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from sqslab.errors import SqslabError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Where no file names the parameters of a template, these are what AWS calls the properties.
_PROPERTIES = {
    "batch_size": "BatchSize",
    "window": "MaximumBatchingWindowInSeconds",
    "maximum_concurrency": "MaximumConcurrency",
    "function_timeout": "Timeout",
    "visibility_timeout": "VisibilityTimeout",
    "max_receive_count": "maxReceiveCount",
    "queue_max_receive_count": "maxReceiveCount of the queue",
    "backoff_base": "backoff base",
}
_NOT_ON_FIFO, _ONLY_ON_FIFO = "window", "queue_max_receive_count"


@dataclass(frozen=True)
class ParameterNames:
    """The names.

    Attributes:
        names: by setting, in the order in which they are printed.
        of_template: whether they are parameters of a template, which `sam deploy` takes.
    """

    names: Mapping[str, str]
    of_template: bool

    @classmethod
    def read(cls, file: Path | None, *, fifo: bool) -> ParameterNames:
        """Read a file: `standard` and `fifo`, each with the names of the parameters by setting.

        Args:
            file: the file; None for the names that AWS has.
            fifo: whether the queue is FIFO.

        Raises:
            SqslabError: it cannot be read, or a setting has no name.
        """
        wanted = [name for name in _PROPERTIES if name != (_NOT_ON_FIFO if fifo else _ONLY_ON_FIFO)]
        if file is None:
            return cls({name: _PROPERTIES[name] for name in wanted}, of_template=False)
        try:
            content = yaml.safe_load(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise SqslabError(f"{file} cannot be read: {error}.") from error
        kind = "fifo" if fifo else "standard"
        given = content.get(kind) if isinstance(content, dict) else None
        if not isinstance(given, dict) or set(given) != set(wanted):
            raise SqslabError(f"{file}: `{kind}` is to name the parameters for {', '.join(wanted)}, and no others.")
        return cls({name: str(given[name]) for name in wanted}, of_template=True)

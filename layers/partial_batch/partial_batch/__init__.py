"""Tell Lambda exactly which messages of a batch to give back."""

from .backoff import Backoff
from .errors import InvalidEvent, OutOfTime, PermanentFailure, RetryLater, StopBatch
from .handlers import batch_handler, bulk_handler
from .message import Message

__all__ = [
    "Backoff",
    "InvalidEvent",
    "Message",
    "OutOfTime",
    "PermanentFailure",
    "RetryLater",
    "StopBatch",
    "batch_apis",  # a module, imported when it is asked for
    "batch_handler",
    "bulk_handler",
]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import batch_apis
else:

    def __getattr__(name):  # noqa: ANN001, ANN202
        if name == "batch_apis":
            from importlib import import_module

            return import_module(".batch_apis", __name__)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

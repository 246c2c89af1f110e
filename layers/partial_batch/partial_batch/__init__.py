"""Tell Lambda exactly which messages of a batch to give back."""

from ._errors import InvalidEvent, PermanentFailure
from ._handler import batch_handler
from ._message import Message

__all__ = ["InvalidEvent", "Message", "PermanentFailure", "batch_handler"]

"""Lambda's log in its JSON format, field by field, as Lambda's runtime client (awslambdaric 4.2.2) writes it.

It is written anew here because awslambdaric has wheels for Linux alone, and builds C++ elsewhere.
"""

import contextlib
import json
import logging
import os
import struct
import time
import traceback
from collections.abc import Iterator
from typing import Any, BinaryIO

# https://github.com/aws/aws-lambda-python-runtime-interface-client/blob/main/awslambdaric/lambda_runtime_log_utils.py
_OF_EVERY_RECORD = {*logging.makeLogRecord({}).__dict__} - {"taskName"}
_OF_EVERY_RECORD |= {"aws_request_id", "tenant_id", "_frame_type"}
_encode = json.JSONEncoder(ensure_ascii=False, default=str).encode
_FRAME_TYPE = 0xA55A0003


class JsonFormatter(logging.Formatter):
    """One JSON object a record, with whatever `extra` put on it."""

    def __init__(self) -> None:
        super().__init__(datefmt="%Y-%m-%dT%H:%M:%SZ")

    def format(self, record: logging.LogRecord) -> str:
        """See logging.Formatter."""
        kind, error, frames = record.exc_info or (None, None, None)
        fields: dict[str, Any] = {
            "timestamp": self.formatTime(record, self.datefmt),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "stackTrace": traceback.format_tb(frames) if record.exc_info else None,
            "errorType": kind.__name__ if kind else None,
            "errorMessage": str(error) if record.exc_info else None,
            "requestId": getattr(record, "aws_request_id", None),
            "location": f"{record.pathname}:{record.funcName}:{record.lineno}" if record.exc_info else None,
        }
        fields.update(
            (name, value)
            for name, value in record.__dict__.items()
            if name not in _OF_EVERY_RECORD and name not in fields
        )
        kept = {name: value for name, value in fields.items() if value is not None}
        return _encode(kept) + "\n"


class _Handler(logging.Handler):
    """Writes as Lambda's does: each record encoded, with a header, in a write of its own. What fails is raised."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self.setFormatter(JsonFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        """See logging.Handler."""
        encoded = self.format(record).encode("utf8")
        self._file.write(struct.pack(">IIq", _FRAME_TYPE, len(encoded), int(time.time() * 1e6)) + encoded)


def _add_request(record: logging.LogRecord) -> bool:
    record.aws_request_id = "8286a188-ba32-4475-8077-530cd35c09a9"
    record.tenant_id = None
    return True


@contextlib.contextmanager
def lambda_log() -> Iterator[None]:
    """Log as on Lambda, but to nowhere, for as long as a `with` block."""
    with open(os.devnull, "wb", buffering=0) as file:
        handler = _Handler(file)
        handler.addFilter(_add_request)
        logging.getLogger().addHandler(handler)
        try:
            yield
        finally:
            logging.getLogger().removeHandler(handler)

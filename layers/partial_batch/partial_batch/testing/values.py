"""What the events have in common: defaults, and values as they are sent."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

SENT_AT = 1763760000.123  # seconds since the epoch
ACCOUNT = "123456789012"
REGION = "us-east-1"


def text_of(value: Any, name: str) -> str:
    """A text as it is, anything else as JSON. TypeError, with the name, if it is neither."""
    if isinstance(value, str):
        return value
    try:
        text = json.dumps(value, ensure_ascii=False)
    except TypeError:
        raise TypeError(f"{name} is a {type(value).__name__}, which is neither text nor JSON") from None
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair: JSON can carry it as an escape only
        return json.dumps(value)
    return text


def base64_of(value: Any, name: str) -> str:
    """Bytes as they are, anything else as `text_of` writes it, in base64."""
    return base64.b64encode(value if isinstance(value, bytes) else text_of(value, name).encode()).decode()


def md5_of(data: bytes) -> str:
    """The MD5 of the data, in hexadecimal digits."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()

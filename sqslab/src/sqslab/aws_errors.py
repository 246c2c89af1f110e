"""What an AWS client raises, and how to say it in one line."""

import textwrap

from botocore.exceptions import BotoCoreError, ClientError

# The service refused, or could not be reached.
AWS_ERRORS = (ClientError, BotoCoreError)

_LONGEST_DESCRIPTION = 300


def describe(error: ClientError | BotoCoreError) -> str:
    """Say what an AWS client's error means, in one line."""
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        return _one_line(f"{details.get('Code', 'unknown error')}: {details.get('Message', 'no message')}")
    return _one_line(str(error))


def _one_line(text: str) -> str:
    """What answers may be no AWS at all but a web server with a whole page."""
    return textwrap.shorten(text, _LONGEST_DESCRIPTION, placeholder="...")

"""The failures that are told to the user in one message instead of a traceback."""


class SqslabError(Exception):
    """Something the user can understand and mend: a port in use, a missing tool, a failed build.

    Args:
        message: one sentence that says what is wrong and, where there is one, the way out.
        output: what the failing tool itself printed; shown below the message.
    """

    exit_code = 1

    def __init__(self, message: str, output: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.output = output.strip()


class UsageError(SqslabError):
    """The command line asks for what cannot be."""

    exit_code = 2

"""The exceptions that have a meaning between this layer and the code that uses it."""


class InvalidEvent(ValueError):
    """The event is not a batch of messages; says what is wrong and where.

    Raised before the function is called for any message. The invocation fails, so the whole batch goes back.
    """


class PermanentFailure(Exception):
    """Raise this for a message that will never succeed, however often it is tried.

    The message goes to the handler's `dead_letter_queue` at once. With no queue named, or when sending fails, it
    goes back like any other failed message.
    """

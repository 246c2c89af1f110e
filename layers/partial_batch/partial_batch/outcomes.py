"""What became of a message: it begins as NEVER_STARTED and ends as one of these.

A batch has one for each position, since a standard queue may deliver one message twice. Whatever is not known to have
ended well, as SUCCEEDED or DEAD_LETTERED, goes back.
"""

NEVER_STARTED, SUCCEEDED, FAILED, DEAD_LETTERED = range(4)

"""Dead-letter queues: looking into them, moving and deleting messages."""

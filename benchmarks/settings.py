"""The retries of the FIFO sample, as template.yaml has them: both runs for lost messages use them."""

# Defaults of MaxReceiveCount, FifoBatchSize and FifoQueueMaxReceiveCount; tests/soak/test_settings.py compares.
MAX_RECEIVE_COUNT = 5
BATCH_SIZE = 10
# When a whole group fails, the last of a batch is counted with each one before it, all their tries long. Two messages'
# tries more, for receives that never reach the function.
QUEUE_MAX_RECEIVE_COUNT = MAX_RECEIVE_COUNT * (BATCH_SIZE + 2)

"""Where this project is, and the retries of its FIFO sample, which both runs for lost messages use."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# Defaults of MaxReceiveCount, FifoBatchSize and FifoQueueMaxReceiveCount; tests/soak/test_settings.py here compares.
MAX_RECEIVE_COUNT = 5
BATCH_SIZE = 10
# When a whole group fails, the last of a batch is counted with each one before it, all their tries long. Twice that, as
# a receive that never reaches the function can cost all behind it one more round of tries.
QUEUE_MAX_RECEIVE_COUNT = 2 * MAX_RECEIVE_COUNT * BATCH_SIZE

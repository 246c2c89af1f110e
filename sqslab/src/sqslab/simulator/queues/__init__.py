"""The queues of the simulated SQS, standard and FIFO."""

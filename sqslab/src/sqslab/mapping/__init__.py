"""The event source mapping of an SQS queue, as Lambda runs it."""

"""The calls to SQS that the layer makes itself."""

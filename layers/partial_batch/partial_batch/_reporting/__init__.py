"""What the layer tells of a batch: log lines and metrics."""

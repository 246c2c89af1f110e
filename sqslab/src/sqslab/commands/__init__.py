"""The commands of `sqslab`, one a file."""

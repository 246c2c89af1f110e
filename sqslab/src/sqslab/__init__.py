"""SQS event source mappings on your machine, for any SAM project. `sqslab --help` lists the commands."""

__version__ = "0.1.0"

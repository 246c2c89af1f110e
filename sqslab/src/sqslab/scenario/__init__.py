"""Messages that a file lists, how they end, and how they should."""

"""What `sqslab up` shows in the terminal."""

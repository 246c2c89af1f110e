"""What the tests of `sqslab` share."""

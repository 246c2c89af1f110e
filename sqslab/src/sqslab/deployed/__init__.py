"""Queues of a real account, with the functions on this machine."""

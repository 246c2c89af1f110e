"""How the function is run: one message after the other, in threads, as tasks, or the whole batch at once."""

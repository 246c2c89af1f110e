"""What a queue and its consumer carry and cost: settings for given numbers, and what follows from them."""

"""What is best to offer: the truth of planted baskets, and of the next best action."""

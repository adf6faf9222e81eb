"""What a customer is worth: buy-till-you-die models and money."""

"""What to offer next: rankers and their proof, products bought together, and when a product is due again."""

"""Models of purchases and spend, each in a short file."""

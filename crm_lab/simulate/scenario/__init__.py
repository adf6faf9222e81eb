"""What a made-up retailer is like: its settings, clock and random streams."""

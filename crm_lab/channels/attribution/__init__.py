"""Which message is credited with an order? Bookkeeping, never an effect."""

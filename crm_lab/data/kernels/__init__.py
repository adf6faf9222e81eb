"""What is computed from lines on any engine: orders, the customer table, purchases, receipts."""

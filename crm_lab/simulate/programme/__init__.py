"""What a programme and messages do to customers, and what is true of it."""

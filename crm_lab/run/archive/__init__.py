"""Where runs are kept, and what they were made from."""

"""What was known of each customer on a day."""

"""What works inside a notebook's kernel."""

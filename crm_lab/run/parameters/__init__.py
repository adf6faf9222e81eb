"""What a notebook declares and what it is given."""

"""What is true of planted kinds of shoppers."""

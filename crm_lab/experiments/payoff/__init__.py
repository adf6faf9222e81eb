"""Did it pay."""

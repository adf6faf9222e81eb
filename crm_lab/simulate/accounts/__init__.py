"""Persons with several customer accounts, and the customer masters they stand in."""

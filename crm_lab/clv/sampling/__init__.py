"""Draws of parameters and of customers' futures."""

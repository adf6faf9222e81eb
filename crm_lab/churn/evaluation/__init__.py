"""Evaluation on past dates."""

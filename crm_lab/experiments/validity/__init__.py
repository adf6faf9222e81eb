"""Validity of a test."""

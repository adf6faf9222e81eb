"""Ledgers of points as loyalty systems export them: which words, signs and columns mean which event."""

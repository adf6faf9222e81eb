"""Lots of points: their events, the chains they stand in, and which of them a redemption takes."""

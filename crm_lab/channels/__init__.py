"""Channels and campaigns: what they reach, what came back, what credit and contact pressure mean."""

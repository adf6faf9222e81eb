"""Decisions in an outcome's own unit, and the guardrails that stand before any decision."""

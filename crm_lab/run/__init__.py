"""Headless runs: parameters, plan, papermill engine, run store, rendering. Knows no retail."""

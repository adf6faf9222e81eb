"""The tables and files that come out, faults included."""

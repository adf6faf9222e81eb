"""Which cities get a pilot, and in which order is it rolled out?"""

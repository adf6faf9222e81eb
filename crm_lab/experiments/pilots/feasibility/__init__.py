"""Can a pilot decide at all, before money is spent?"""

"""Are there groups among units described by counts, how many, how stable, and which is which in the next run?"""

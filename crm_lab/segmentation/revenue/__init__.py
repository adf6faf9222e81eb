"""How does each revenue follow from page 01's, what moved it, and on how few customers does it hang?"""

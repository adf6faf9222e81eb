"""How right are the links, the fields and the profiles, and what does the threshold do to the figures?"""

"""Which one action of each customer earns most within the caps, and what one more unit of each cap is worth?"""

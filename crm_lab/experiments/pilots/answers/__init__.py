"""What did a pilot change, what did it earn, and what would it do elsewhere?"""

"""What does one more message cost in attention, and how many are enough?"""

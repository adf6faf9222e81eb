"""What did each campaign reach, what came back, and would it have come anyway?"""

"""What do customers do at set moments: donate in a year or not, renew a contract or not?"""

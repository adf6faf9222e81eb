"""What do referrals bring: members, chains, value, growth?"""

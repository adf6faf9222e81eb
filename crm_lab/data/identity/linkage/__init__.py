"""Which records are one person, how sure is that, and what is known of each person?"""

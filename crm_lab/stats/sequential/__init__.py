"""Results that are looked at several times: what keeps the type I error over all looks together?"""

"""What does a customer spend per purchase: by Gamma-Gamma, or by credibility where that has no answer?"""

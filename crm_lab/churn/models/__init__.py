"""Churn probability of each customer, and the reasons."""

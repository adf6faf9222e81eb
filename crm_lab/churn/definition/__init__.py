"""The definition of churn."""

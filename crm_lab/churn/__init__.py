"""Who is leaving: labels, features, models, alerts."""

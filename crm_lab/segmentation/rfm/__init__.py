"""Who is valuable, loyal, recent: RFM scores, segments, and whom to call."""

"""Do new customers come back: cohorts, the second purchase, repeat rates."""

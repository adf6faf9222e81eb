"""What is done to raw lines: rules, pseudonyms, matched returns, and the tables that come out."""

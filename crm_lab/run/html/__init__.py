"""How an executed notebook becomes a page, and pages an index."""

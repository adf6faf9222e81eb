"""Can the data be trusted: checks, books that close, what defects would do, which pages can answer."""

"""From a source to tables as of a date."""

"""How is a file opened: its format, encoding, delimiter, sheets, and the names in its header."""

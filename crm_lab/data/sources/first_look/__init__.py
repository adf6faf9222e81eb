"""The first rows of an unknown file: what its columns are called and which of them holds what."""

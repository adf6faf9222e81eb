"""Which shop system wrote this file, and what its columns are: one TOML a system, recognised by its header."""

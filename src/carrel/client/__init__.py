"""A typed client of the public API; the command line is its first user."""

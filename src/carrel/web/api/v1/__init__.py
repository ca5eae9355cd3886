"""Version 1 of the API, one module of handlers per noun."""

"""Failures planted through real parts, and what the pages say of them."""

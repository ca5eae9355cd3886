"""Carrel side by side with the systems it wants to beat, on one machine and in one run. Nothing of `carrel` imports this."""

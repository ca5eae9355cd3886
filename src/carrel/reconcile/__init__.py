"""The loop: look (driver first, then store), plan, apply."""

"""Envoy: its process, its bootstrap and the files it watches. Knows ports and below."""

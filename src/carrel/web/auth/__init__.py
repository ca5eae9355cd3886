"""Signing in and out, and the way from the hub into a workspace."""

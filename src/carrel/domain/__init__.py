"""What exists: frozen data and nothing else. Imports the standard library only."""

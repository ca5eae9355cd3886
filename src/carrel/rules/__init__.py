"""What should happen: pure decisions over the domain. No clock, no chance, no input or output."""

"""A real Envoy with a real run directory, small apps behind it, and clients that say what browsers never would."""

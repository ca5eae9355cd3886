"""The composition root: settings become objects here, and only here are drivers and the data plane known by name."""

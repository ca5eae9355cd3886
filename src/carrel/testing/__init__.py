"""Public test support: contract suites that any driver or store must pass, and the fakes that pass them."""

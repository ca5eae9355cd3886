"""How instances are run. Each driver stands alone; only the composition root imports them, through entry points."""

"""The gate: lets a control plane that is not root use the engine, with the rights that it needs and no more."""

"""The network of a backend's workspaces, its addresses, and the walls around it."""

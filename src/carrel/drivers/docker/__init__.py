"""The `docker` driver: workspaces as containers of a Docker engine."""

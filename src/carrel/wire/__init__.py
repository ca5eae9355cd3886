"""The shapes of the public API, version 1, shared by web and client."""

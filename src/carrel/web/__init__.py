"""The hub over HTTP: API, pages, sign-in, and the answers Envoy asks for."""

"""The public API: parse, call a service, render. Nothing is decided here."""

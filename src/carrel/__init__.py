"""Carrel: labs that are already running. Nothing is imported here, so that every layer can be imported alone."""

__version__ = "0.1.0"

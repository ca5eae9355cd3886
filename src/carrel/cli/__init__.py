"""The carrel command. Noun commands talk through the client and hold no power of their own."""

"""Images: their names, how they come to an engine, and what it means when they do not."""

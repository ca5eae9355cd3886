"""What we ask of the world: protocols, each with the errors it may raise."""

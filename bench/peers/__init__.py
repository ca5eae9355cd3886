"""The systems that stand beside Carrel in a run: how they are started, clicked and ended."""

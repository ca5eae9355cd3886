"""One module per question that a run answers."""

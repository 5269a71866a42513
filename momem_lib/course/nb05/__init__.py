"""What only notebook 05 needs."""

"""What only notebook 12 needs."""

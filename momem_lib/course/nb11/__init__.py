"""What only notebook 11 needs."""

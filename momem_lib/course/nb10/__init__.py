"""What only notebook 10 needs."""

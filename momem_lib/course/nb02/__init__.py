"""What only notebook 02 needs."""

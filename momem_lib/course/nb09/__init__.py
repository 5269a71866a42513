"""What only notebook 09 needs."""

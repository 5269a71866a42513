"""What only notebook 06 needs."""

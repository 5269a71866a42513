"""What only notebook 00 needs."""

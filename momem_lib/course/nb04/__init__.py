"""What only notebook 04 needs."""

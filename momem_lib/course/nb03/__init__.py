"""What only notebook 03 needs."""

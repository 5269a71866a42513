"""What only notebook 07 needs."""

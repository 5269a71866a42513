"""What only notebook 01 needs."""

"""What only notebook 08 needs."""

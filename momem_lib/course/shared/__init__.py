"""What several notebooks share."""

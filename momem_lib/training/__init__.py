"""From rows to a checkpoint."""

"""What only the notebooks need: pictures, widgets, exercises, experiments."""

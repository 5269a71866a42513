"""The same Transformer in NumPy, every gradient derived by hand (notebook 04)."""

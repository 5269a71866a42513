"""The Transformer, part by part, and a trained module at work."""

"""Notebooks as files: run headless, normalised, checked, made into web pages."""

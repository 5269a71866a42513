"""MoMeM: Modular Memory-augmented Models, built from scratch."""

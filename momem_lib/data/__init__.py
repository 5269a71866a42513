"""What the modules are trained on: people, templates, questions and rows of them."""

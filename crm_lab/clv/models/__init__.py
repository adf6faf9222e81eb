"""How purchases and spend come about: the models, each in a short file."""

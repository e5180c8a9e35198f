"""A trained network sealed with its front end: score, pack, neighbours, registry, serve."""

"""Raw samples to what a network sees; a model carries it whole."""

"""Recipes, folds, studies, DVC experiments: many runs for one question."""

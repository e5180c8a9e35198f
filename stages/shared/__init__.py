"""What every stage does alike: parameters, paths, errors, MLflow."""

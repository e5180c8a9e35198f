"""MLflow as a side effect that never costs a result."""

"""Arrays and tables to scores with intervals."""

"""How a network learns, with labels and without."""

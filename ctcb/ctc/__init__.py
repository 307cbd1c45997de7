"""CTC emissions: log-probabilities, files of them, and best paths through them."""

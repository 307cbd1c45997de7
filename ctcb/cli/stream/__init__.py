"""What only ``ctcb stream`` needs."""

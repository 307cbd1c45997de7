"""Other libraries' interfaces on ctcb's search."""

"""``ctcb decode``, and what only it needs."""

"""Recognition put together: from a model and a list to a transcript, from Python and from the command line."""

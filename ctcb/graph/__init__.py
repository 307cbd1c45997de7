"""Decoding graphs of an LM for k2: compiled, kept on disk, and searched."""

"""The techniques that bias a decoder toward a list, in one table (``registry.py``), and their presets."""

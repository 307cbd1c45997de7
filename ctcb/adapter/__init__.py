"""The contextual adapter, which biases a frozen encoder toward the entries of a list."""

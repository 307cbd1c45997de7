"""``python -m ctcb`` is the ``ctcb`` command."""
from ctcb.cli import main

if __name__ == "__main__":
    main()

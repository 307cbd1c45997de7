"""Where the model is that comes with the package."""
from __future__ import annotations

from pathlib import Path

BUNDLED_MODEL = Path(__file__).parent / "assets" / "model"

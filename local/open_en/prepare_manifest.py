"""Any ``manifest.tsv`` to checked lhotse manifests and cuts: ``ctcb prepare`` under a corpus script's name.

    python local/open_en/prepare_manifest.py MANIFEST --out DIR [--features] [--speeds 0.9,1.0,1.1] [--jobs N]
"""
from ctcb.cli import main

if __name__ == "__main__":
    import sys

    main(["prepare", *sys.argv[1:]])

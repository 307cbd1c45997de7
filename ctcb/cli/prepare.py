"""``ctcb prepare``: lhotse cuts and stored features from a manifest.tsv."""
from __future__ import annotations

from pathlib import Path

import click

from ctcb.cli.common.help import Command


@click.command(cls=Command)
@click.argument("manifest", type=click.Path())
@click.option("--out", required=True, type=click.Path(), help="Folder for the manifests.")
@click.option("--features/--no-features", default=False, help="Also compute and store features, for training.")
@click.option(
    "--feature-kind", type=click.Choice(["kaldi", "whisper"]), default="kaldi", show_default=True,
    help="Kind of features; whisper for a model on Whisper's encoder.",
)
@click.option("--speeds", default="1.0", show_default=True, help="Speed perturbation factors of the stored copies, such as 0.9,1.0,1.1.")
@click.option("--jobs", default=2, show_default=True, help="Number of parallel processes.")
@click.option("--may-be-empty", is_flag=True, help="For a part of a larger set: write empty manifests where no utterance can be used.")
def command(manifest: str, out: str, features: bool, feature_kind: str, speeds: str, jobs: int, may_be_empty: bool) -> None:
    """Check MANIFEST's audio and write lhotse recordings, supervisions and cuts.

    Utterances that cannot be used are left out, listed in OUT/rejected.tsv with the reason, and counted.

    \b
    ctcb prepare data/train/manifest.tsv --out exp/data/train --features --speeds 0.9,1.0,1.1
    """
    from ctcb.data.prepare import FEATURE_CUTS, NothingUsable, prepare, write_nothing
    from ctcb.errors import InputError

    try:
        factors = [float(speed) for speed in speeds.split(",")]
    except ValueError:
        factors = []
    if not factors or min(factors) < 0.5 or max(factors) > 2.0:
        raise InputError(f"--speeds {speeds!r} is not a list of factors from 0.5 to 2", hint="give a list such as 0.9,1.0,1.1")
    had_features = (Path(out) / FEATURE_CUTS).exists()
    try:
        report = prepare(manifest, out, jobs=jobs)
    except NothingUsable as error:
        if not may_be_empty:
            raise
        write_nothing(out, error.rejected, features)
        click.echo(f"0 utterances; reasons: {out}/rejected.tsv", err=True)
        return
    click.echo(report.summary(), err=True)
    if report.rejected:
        click.echo(f"reasons: {out}/rejected.tsv", err=True)
    if features:
        from ctcb.data.features import FeatureConfig, store_features

        cuts = store_features(report.cuts, out, speeds=factors, jobs=jobs, config=FeatureConfig(feature_kind))
        click.echo(f"features of {len(cuts)} cuts in {out}", err=True)
    elif had_features:
        click.echo(f"the features of an earlier run in {out} were removed; --features makes them anew", err=True)

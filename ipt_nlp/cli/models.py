"""``ipt-nlp models``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ipt_nlp.cli.console import EXIT_FAILED, reported, warn

app = typer.Typer(no_args_is_help=True, help="Bundles: list, show, trust.", rich_markup_mode=None)


@app.command("list")
def list_models(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Folder with bundles.", show_default="the shipped ones"),
    ] = None,
) -> None:
    """Bundles in a folder: name, version, digest, and whether it is trusted. Opens none of them."""
    broken = False
    with reported():
        from ipt_nlp.areas.bundle import MANIFEST, is_trusted, read_manifest
        from ipt_nlp.errors import BundleError, OptionError
        from ipt_nlp.places import shipped_models

        base = folder or shipped_models()
        if not base.is_dir():
            raise OptionError(f"{base.name or base}: no such folder")
        for path in sorted(p.parent for p in base.glob(f"*/{MANIFEST}")):
            try:
                manifest, digest = read_manifest(path)
            except BundleError as error:
                warn(str(error))
                broken = True
                continue
            state = "trusted" if is_trusted(digest) else "not trusted"
            typer.echo(f"{path.name}  {manifest.name} {manifest.version}  {digest}  {state}")
    if broken:
        raise typer.Exit(EXIT_FAILED)


@app.command()
def show(
    model: Annotated[
        Path | None, typer.Argument(help="Folder of a bundle.", show_default="the shipped one")
    ] = None,
) -> None:
    """The manifest of a bundle, with its digest, as JSON. Nothing of it is run."""
    with reported():
        from ipt_nlp.areas.bundle import is_trusted, read_manifest, shipped_bundle

        manifest, digest = read_manifest(model or shipped_bundle())
        shown = {"sha256": digest, "trusted": is_trusted(digest)} | manifest.model_dump(mode="json")
        typer.echo(json.dumps(shown, indent=1))


@app.command()
def trust(
    digest: Annotated[str, typer.Argument(help="SHA-256 that `models show` prints.")],
) -> None:
    """Trust a bundle by its digest: opening it runs code from it, so know where it comes from."""
    with reported():
        from ipt_nlp.areas.bundle import trust as add
        from ipt_nlp.errors import OptionError

        try:
            add(digest)
        except OSError as error:
            raise OptionError(f"the trust file cannot be written ({error.strerror})") from None
        typer.echo("trusted")

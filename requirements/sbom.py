"""Write the pins of requirements/*.txt as a software bill of materials: CycloneDX 1.6, JSON.

`make sbom` runs this. It reads the pinned files and the metadata of installed packages, asks no
server, and gives the same bytes for the same pins and the same installed packages.
"""

from __future__ import annotations

import re
import sys
import tomllib
import uuid
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
FILES = ("core", "dev", "label-studio", "spark", "peers")
"""The environments, from what everybody installs to those of a server and of Spark."""
LONGEST_NAME = 80
"""Older packages hold the whole text of their licence where its name belongs."""


class Pin(NamedTuple):
    """A package at one version in one environment; `digests` are SHA-256 in hex."""

    name: str
    version: str
    environment: str
    marker: str
    digests: tuple[str, ...]


def pins(file: Path) -> Iterator[Pin]:
    """The pins of a file that `make requirements` wrote. Raises ValueError for any other line."""
    text = file.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in filter(None, map(str.strip, text.splitlines())):
        wanted, *hashes = re.split(r"\s+--hash=sha256:", line)
        requirement = Requirement(wanted)
        version = re.fullmatch(r"==([^,*]+)", str(requirement.specifier))
        if not version or not hashes:
            raise ValueError(f"{file}: expected NAME==VERSION with hashes (found {wanted!r})")
        yield Pin(
            requirement.name,
            version[1],
            file.stem,
            str(requirement.marker or ""),
            tuple(sorted(hashes)),
        )


def licences(paths: Iterable[str]) -> dict[tuple[str, str], str]:
    """The licence of each installed package by (name, version), where its metadata state one."""
    found: dict[tuple[str, str], str] = {}
    for package in metadata.distributions(path=list(paths)):
        about = package.metadata
        classified = [
            c.rpartition(" :: ")[2]
            for c in about.get_all("Classifier") or []
            if c.startswith("License :: ") and c != "License :: OSI Approved"
        ]
        # With `get`: a metadata package that some library installs raises for what is not there.
        expression, licence = about.get("License-Expression"), about.get("License")
        stated = expression or " AND ".join(classified) or licence or ""
        if 0 < len(stated) <= LONGEST_NAME and "\n" not in stated and stated != "UNKNOWN":
            found.setdefault((_normal(about["Name"]), package.version), stated)
    return found


def bill(everything: Iterable[Pin], known: Mapping[tuple[str, str], str]) -> str:
    """The document: one component for each name and version, with the environments that pin it."""
    about = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    grouped: dict[tuple[str, str], list[Pin]] = {}
    for pin in everything:
        grouped.setdefault((_normal(pin.name), pin.version), []).append(pin)
    components = [_component(grouped[key], known.get(key)) for key in sorted(grouped)]
    bom = Bom(components=components)
    bom.metadata.component = Component(
        name=about["name"],
        version=about["version"],
        type=ComponentType.APPLICATION,
        bom_ref="botbench",
        licenses=[LicenseFactory().make_from_string(about["license"])],
    )
    direct = {_normal(Requirement(line).name) for line in about["dependencies"]}
    core = {key for key in grouped if any(p.environment == "core" for p in grouped[key])}
    bom.register_dependency(
        bom.metadata.component,
        [c for c in components if c.name in direct and (c.name, c.version) in core],
    )
    # The time would make every document another one; git knows when the pins changed.
    content = "\n".join(f"{key} {pin}" for key in sorted(grouped) for pin in grouped[key])
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_OID, f"{about['version']}\n{content}\n{known}")
    bom.metadata.timestamp = None
    return JsonV1Dot6(bom).output_as_string(indent=1) + "\n"


def _component(same: list[Pin], licence: str | None) -> Component:
    first = same[0]
    url = PackageURL("pypi", name=_normal(first.name), version=first.version)
    hashes = sorted({digest for pin in same for digest in pin.digests})
    return Component(
        name=_normal(first.name),
        version=first.version,
        type=ComponentType.LIBRARY,
        bom_ref=str(url),
        purl=url,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in hashes],
        licenses=[LicenseFactory().make_from_string(licence)] if licence else [],
        properties=[
            Property(name=name, value=value)
            for pin in same
            for name, value in (
                ("botbench:environment", pin.environment),
                (f"botbench:{pin.environment}:marker", pin.marker),
            )
            if value
        ],
    )


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> None:
    """Write the document to the file that the command line names."""
    others = [
        ROOT.glob(f"{name}/lib/python*/site-packages")
        for name in (".label-studio", ".spark", ".peers")
    ]
    paths = [*sys.path, *(str(path) for found in others for path in found)]
    everything = [pin for name in FILES for pin in pins(ROOT / "requirements" / f"{name}.txt")]
    out = Path(sys.argv[1])
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(bill(everything, licences(paths)), encoding="utf-8")
    print(f"{len(everything)} pins of {', '.join(FILES)} in {out}")


if __name__ == "__main__":
    main()

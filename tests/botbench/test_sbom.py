"""The bill of materials: every pin is in it, and it is CycloneDX by the standard's own schema."""

import importlib.util
import json
import re
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "requirements" / "sbom.py"
if not SCRIPT.is_file():
    pytest.skip("the pins are not there: this is an installed botbench", allow_module_level=True)


@pytest.fixture(scope="module")
def sbom():
    spec = importlib.util.spec_from_file_location("sbom", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def everything(sbom):
    return [p for name in sbom.FILES for p in sbom.pins(ROOT / "requirements" / f"{name}.txt")]


@pytest.fixture(scope="module")
def document(sbom, everything):
    return sbom.bill(everything, sbom.licences([sysconfig.get_path("purelib")]))


def test_every_pin_and_every_hash_of_the_files_is_in_it(document):
    """Read again here by lines alone, so that a fault of the reader shows."""
    wanted, hashes = set(), set()
    for file in (ROOT / "requirements").glob("*.txt"):
        text = file.read_text(encoding="utf-8")
        wanted |= set(re.findall(r"^([A-Za-z0-9_.-]+)(?:\[[^]]*\])?==([^ ;\\]+)", text, re.M))
        hashes |= set(re.findall(r"--hash=sha256:([0-9a-f]{64})", text))
    components = json.loads(document)["components"]
    assert {(c["name"], c["version"]) for c in components} == {
        (re.sub(r"[-_.]+", "-", name).lower(), version) for name, version in wanted
    }
    assert {h["content"] for c in components for h in c["hashes"]} == hashes
    assert len(wanted) > 200 and len(hashes) > 1000


def test_it_is_valid_and_the_same_every_time(document, sbom, everything):
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(document) is None
    assert sbom.bill(everything, sbom.licences([sysconfig.get_path("purelib")])) == document
    about = json.loads(document)
    assert (about["bomFormat"], about["specVersion"]) == ("CycloneDX", "1.6")
    assert about["metadata"]["component"]["name"] == "botbench"
    [direct] = [d["dependsOn"] for d in about["dependencies"] if d["ref"] == "botbench"]
    assert "pkg:pypi/duckdb@1.5.5" in direct and "pkg:pypi/pytest@9.2.0" not in direct
    assert "/" + "home" not in document and "://" not in re.sub(
        r'"\$schema": "[^"]+"', "", document
    )


@pytest.mark.filterwarnings("ignore:The Component this BOM is describing")
def test_one_pin_exactly(sbom, tmp_path):
    file = tmp_path / "core.txt"
    file.write_text(
        "Some_Thing==1.2 ; python_full_version < '3.14' \\\n"
        f"    --hash=sha256:{'b' * 64} \\\n    --hash=sha256:{'a' * 64}\n"
    )
    found = json.loads(sbom.bill(sbom.pins(file), {("some-thing", "1.2"): "MIT"}))
    assert found["components"] == [
        {
            "bom-ref": "pkg:pypi/some-thing@1.2",
            "hashes": [{"alg": "SHA-256", "content": c * 64} for c in "ab"],
            "licenses": [{"license": {"id": "MIT"}}],
            "name": "some-thing",
            "properties": [
                {"name": "botbench:core:marker", "value": 'python_full_version < "3.14"'},
                {"name": "botbench:environment", "value": "core"},
            ],
            "purl": "pkg:pypi/some-thing@1.2",
            "type": "library",
            "version": "1.2",
        }
    ]
    file.write_text("a>=1\n")
    with pytest.raises(ValueError, match="expected NAME==VERSION with hashes"):
        list(sbom.pins(file))

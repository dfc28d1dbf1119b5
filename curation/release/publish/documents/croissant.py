"""The Croissant 1.1 description of a publication (mlcommons.org/croissant), with its RAI fields."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botbench.core.hashing import file_sha256
from curation.release.publish.publishable_columns import Offered
from curation.release.publish.tables import File
from curation.release.publish.tiers import Tier

if TYPE_CHECKING:
    from curation.release.publish.documents.answers import Answers

SPECIFICATION = ("http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0")


def write(
    folder: Path, tier: Tier, files: list[File], facts: Mapping[str, Any], answers: Answers
) -> None:
    """Write `croissant.json` with mlcroissant, which checks it on writing and on reading back."""
    logging.getLogger("absl").setLevel(logging.ERROR)
    import mlcroissant as mlc

    metadata = mlc.Metadata(
        name=f"{facts['name']}-{tier.tier}",
        description=_description(facts),
        version=f"{facts['version']}.0.0",
        conforms_to=list(SPECIFICATION),
        license=[str(facts["licence"])],
        cite_as=str(facts["citation"]),
        date_published=_date(facts),
        keywords=["social bots", "bot detection", str(facts["platform"])],
        creators=[mlc.Person(name=name) for name in answers.listed("creators")],
        distribution=[_file(folder, f, file_sha256(folder / f.path)) for f in files],
        record_sets=[_records(f, tier.columns(f.table)) for f in files],
        **_responsible(facts, answers),
    )
    document = json.dumps(metadata.to_json(), indent=1, ensure_ascii=False, default=str)
    target = folder / "croissant.json"
    target.write_text(document + "\n", encoding="utf-8")
    mlc.Dataset(jsonld=target)


def _description(facts: Mapping[str, Any]) -> str:
    made = "Simulated accounts. " if facts["simulated"] else ""
    return (
        f"{made}{facts['title']}: {facts['accounts']:,} {facts['platform']} accounts labelled bot"
        f" ({facts['bots']:,}) or human ({facts['humans']:,}). Release {facts['reference']}, tier"
        f" {facts['tier']}. {facts['card'].get('description') or ''}"
    ).strip()


def _date(facts: Mapping[str, Any]) -> Any:
    from datetime import datetime

    return datetime.fromisoformat(facts["made_at"])


def _file(folder: Path, file: File, digest: str) -> Any:
    import mlcroissant as mlc

    return mlc.FileObject(
        id=file.path,
        name=file.path,
        content_url=file.path,
        encoding_formats=["application/x-parquet"],
        sha256=digest,
        content_size=f"{(folder / file.path).stat().st_size} B",
    )


def _records(file: File, columns: list[Offered]) -> Any:
    import mlcroissant as mlc

    name = file.table + (f"-{file.part}" if file.part else "")
    return mlc.RecordSet(
        id=name, name=name, fields=[_field(name, file, column) for column in columns]
    )


def _field(records: str, file: File, column: Offered) -> Any:
    import mlcroissant as mlc

    kinds = {
        "BIGINT": mlc.DataType.INTEGER,
        "DOUBLE": mlc.DataType.FLOAT,
        "BOOLEAN": mlc.DataType.BOOL,
        "TIMESTAMPTZ": mlc.DataType.DATETIME,
    }
    array = {"is_array": True, "array_shape": "-1"} if column.type.endswith("[]") else {}
    return mlc.Field(
        id=f"{records}/{column.name}",
        name=column.name,
        description=column.meaning,
        data_types=[kinds.get(column.type, mlc.DataType.TEXT)],
        source=mlc.Source(file_object=file.path, extract=mlc.Extract(column=column.name)),
        **array,
    )


def _responsible(facts: Mapping[str, Any], answers: Answers) -> dict[str, Any]:
    """The RAI fields from the store and the maintainer's answers; unknown fields are left out."""
    from curation.release.publish.documents import sentences

    said = {
        "data_collection": sentences.collection(facts),
        "data_collection_missing_data": sentences.missing(facts),
        "data_collection_raw_data": sentences.raw(facts),
        "annotations_per_item": sentences.votes_per_account(facts),
        "data_annotation_protocol": [sentences.labelling(facts)],
        "data_annotation_analysis": [sentences.agreement(facts)],
        "data_biases": sentences.biases(facts),
        "data_limitations": [sentences.limits(facts)],
        "data_preprocessing_protocol": [sentences.preprocessing(facts)],
        "data_manipulation_protocol": sentences.versions(facts),
        "personal_sensitive_information": [sentences.personal(facts), *answers.texts("consent")],
        "data_release_maintenance_plan": " ".join(
            [sentences.retention(facts), *answers.texts("maintenance")]
        ),
        "annotator_demographics": answers.texts("annotators"),
        "data_use_cases": answers.texts("intended_uses"),
        "data_social_impact": " ".join(answers.texts("harms")) or None,
    }
    return {name: value for name, value in said.items() if value}

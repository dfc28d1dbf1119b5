"""The documents beside the data: README with its Hugging Face head, citation, responsible use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from botbench.core.hashing import short_hash
from botbench.text.escaping import to_markdown
from curation.release.publish.documents import sentences
from curation.release.publish.documents.answers import Answers
from curation.release.publish.tables import File
from curation.release.publish.tiers import Tier

RESPONSIBLE = Path(__file__).parent / "responsible-use.md"
SPDX = {
    "cc0-1.0": "cc0-1.0",
    "cc-by-4.0": "cc-by-4.0",
    "cc-by-sa-4.0": "cc-by-sa-4.0",
    "cc-by-nc-4.0": "cc-by-nc-4.0",
    "mit": "mit",
    "apache-2.0": "apache-2.0",
    "cc0": "cc0-1.0",
}
SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)


def responsible_use(answers: Answers | None = None) -> str:
    """The responsible-use page; without answers as the project's own documentation has it."""
    text = RESPONSIBLE.read_text(encoding="utf-8")
    contact = answers.text("contact") if answers else None
    if answers is None:
        who = (
            "The maintainer of the release or board. Each release's own copy of this page names"
            " them (`contact` among the answers of the datasheet); where it says that nobody has"
            " answered, the release should not be used."
        )
    else:
        who = (
            to_markdown(contact)
            if contact
            else "*Unanswered: the maintainer has not said yet who answers (`contact`).*"
        )
    return f"{text}\n{who}\n"


def head(
    facts: Mapping[str, Any], tier: Tier, files: Sequence[File], digests: Mapping[str, str]
) -> str:
    """The YAML head of the README for the Hugging Face library: one configuration a table.

    Labels come first. `digests` maps each file's path to its sha256. The library caches the rows of
    a local folder by the folder's name and a hash of these configurations. The digests keep the
    caches of two folders with the same name apart.
    """
    tables = sorted(
        {f.table for f in files}, key=lambda t: (t != "labels", list(tier.tables).index(t))
    )
    configs = []
    for table in tables:
        paths = [{"split": f.part or "train", "path": f.path} for f in files if f.table == table]
        content = short_hash([digests[p["path"]] for p in paths])
        configs.append(
            {
                "config_name": table,
                "description": f"{facts['reference']}, tier {tier.tier}, content {content}",
                "data_files": paths,
                **({"default": True} if table == tables[0] else {}),
            }
        )
    licence = str(facts["licence"] or "")
    known = SPDX.get(licence.lower())
    size = next((word for limit, word in SIZES if facts["accounts"] < limit), "10M<n<100M")
    document = {
        "pretty_name": f"{facts['title']} ({facts['reference']}, {tier.tier})",
        "license": known or "other",
        **(
            {}
            if known
            else {"license_name": "as-stated-by-the-source", "license_link": "README.md"}
        ),
        "task_categories": ["tabular-classification"],
        "tags": list(
            dict.fromkeys(  # The simulator's platform is called that too.
                [
                    "bot-detection",
                    "social-media",
                    str(facts["platform"]),
                    *(["simulated"] if facts["simulated"] else []),
                ]
            )
        ),
        "size_categories": [size],
        "configs": configs,
    }
    return f"---\n{yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=1000)}---\n"


def readme(
    facts: Mapping[str, Any], tier: Tier, files: Sequence[File], digests: Mapping[str, str]
) -> str:
    """The README of a folder: contents, loading, the meaning of columns, permitted use."""
    simulated = (
        "**The accounts are simulated: nothing here is about anybody.**\n\n"
        if facts["simulated"]
        else ""
    )
    first = next((f for f in files if f.table == "labels"), files[0])
    pattern = "data/labels*.parquet" if first.table == "labels" else first.path
    retention = sentences.retention(facts)
    return f"""{head(facts, tier, files, digests)}
# {to_markdown(facts["title"])}

{simulated}Release `{facts["reference"]}`, tier **{tier.tier}**: {tier.meaning}

{to_markdown(sentences.counts(facts))}

{to_markdown(sentences.labelling(facts))} {to_markdown(sentences.agreement(facts))}

**Before use**: [RESPONSIBLE-USE.md](RESPONSIBLE-USE.md) says what a label does not say about \
a person, and how to be taken out.
[DATASHEET.md](DATASHEET.md) has what is known and what is unanswered. \
{to_markdown(sentences.versions(facts))}

## Loading

Each line stands alone, in this folder. Install what it imports: `pip install datasets`,
`pip install pandas pyarrow`, `pip install duckdb` or `pip install mlcroissant`.

```python
import os, datasets; data = datasets.load_dataset(os.getcwd(), "{first.table}")
```
```python
import pandas; data = pandas.read_parquet("{first.path}")
```
```python
import duckdb; data = duckdb.sql("SELECT * FROM '{pattern}'")
```
```python
import mlcroissant; data = mlcroissant.Dataset("croissant.json").records("{Path(first.path).stem}")
```

{_joined(files)}`sha256sum -c SHA256SUMS` tells whether the files are as they were published.

## Tables
{_tables(tier, files)}
## Splits

{to_markdown(sentences.splits(facts))}

## Licence and citation

Licence as the source states it: {to_markdown(facts["licence"] or "none stated")}.
Citation of the source: {to_markdown(facts["citation"] or "none")}
Citation of this release: [CITATION.cff](CITATION.cff). {to_markdown(retention)}
"""


JOINED = '''Labels with the features of their accounts, ready for a classifier:

```python
import duckdb
data = duckdb.sql("""
    SELECT features.*, labels.label
    FROM 'data/labels*.parquet' AS labels
    JOIN 'data/features*.parquet' AS features USING (account_id)
    WHERE labels.label IS NOT NULL
""").df()
X, y = data.drop(columns=["account_id", "label"]), data["label"] == "bot"
```

'''


def _joined(files: Sequence[File]) -> str:
    """The example that joins labels to features; nothing where the tier has no features."""
    return JOINED if {"labels", "features"} <= {f.table for f in files} else ""


def _tables(tier: Tier, files: Sequence[File]) -> str:
    lines = []
    for table in tier.tables:
        paths = ", ".join(f"`{f.path}`" for f in files if f.table == table)
        if not paths:
            lines.append(f"\n### {table}\n\nThis release has no rows of it.\n")
            continue
        lines += [
            f"\n### {table}\n",
            f"{paths}\n",
            "| column | type | meaning |",
            "| --- | --- | --- |",
        ]
        lines += [
            f"| {c.name} | {c.type} | {c.meaning.replace('|', '/')} |" for c in tier.columns(table)
        ]
    return "\n".join(lines) + "\n"


def citation(facts: Mapping[str, Any], tier: Tier, answers: Answers) -> str:
    """CITATION.cff 1.2.0; without an answer on the authors, it says that they are unknown."""
    made = answers.listed("creators")
    document = {
        "cff-version": "1.2.0",
        "message": "If you use this data set, cite it and its source as below.",
        "type": "dataset",
        "title": f"{facts['title']} (release {facts['reference']}, tier {tier.tier})",
        "version": str(facts["version"]),
        "date-released": facts["made_at"][:10],
        "authors": (
            [{"name": name} for name in made]
            or [{"name": "The maintainers (unanswered: they have not been named yet)"}]
        ),
        "identifiers": [
            {
                "type": "other",
                "value": f"sha256:{facts['content_hash']}",
                "description": "content hash of the release",
            }
        ],
        **({"license": facts["licence"]} if str(facts["licence"] or "").lower() in SPDX else {}),
        "references": [
            {
                "type": "generic",
                "title": str(facts["citation"] or "not stated"),
                "authors": [{"name": "see title"}],
                "notes": "the source of the accounts and labels, cited as its card says",
            }
        ],
    }
    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=1000))

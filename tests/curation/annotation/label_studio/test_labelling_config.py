"""The labelling page's configuration."""

import xml.etree.ElementTree as ET

import yaml

from curation.annotation.label_studio import labelling_config
from curation.annotation.scheme.scheme import DEFAULT, Scheme


def choices(root, name):
    return [c.attrib for c in root.find(f".//Choices[@name='{name}']")]


def test_every_choice_of_the_scheme_is_there_with_its_key():
    scheme = Scheme.load()
    root = ET.fromstring(labelling_config.config(scheme))
    for name, wanted in (
        (labelling_config.ANSWER, scheme.answers),
        (labelling_config.KINDS, scheme.kinds),
        (labelling_config.REASONS, scheme.reasons),
        (labelling_config.CONFIDENCE, scheme.document.confidence),
    ):
        found = choices(root, name)
        assert [c["alias"] for c in found] == list(wanted)
        assert [c["hotkey"] for c in found] == [w.key for w in wanted.values()]
        assert [c["value"] for c in found] == [w.title for w in wanted.values()]
    keys = [c.attrib["hotkey"] for c in root.iter("Choice")]
    assert len(set(keys)) == len(keys)


def test_each_answer_asks_only_for_what_it_needs():
    root = ET.fromstring(labelling_config.config(Scheme.load()))
    titled = [v for v in root.iter("View") if v.get("visibleWhen") and not v.get("className")]
    titles = {v.get("whenChoiceValue"): v.find("Header").get("value") for v in titled}
    assert titles["Human"] == "How sure are you: Human?", "each title names the answer"
    asked = [v for v in root.iter("View") if v.get("visibleWhen") and v.get("className")]
    assert [(v.get("whenTagName"), v.get("whenChoiceValue")) for v in asked] == [
        ("answer", "Bot,Hybrid"),
        ("answer", "Bot,Human,Hybrid,Organisation,Cannot tell"),
        ("answer", "Bot,Human,Hybrid,Organisation"),
        ("answer", None),
    ]


def test_the_style_holds_nothing_that_label_studio_would_escape():
    css = ET.fromstring(labelling_config.config(Scheme.load())).find(".//Style").text
    assert not set("<>&") & set(css)
    assert "http" not in css and "url(" not in css


def test_the_card_is_shown_inline_and_no_other_tag_holds_account_data():
    root = ET.fromstring(labelling_config.config(Scheme.load()))
    holding = [e for e in root.iter() if "$" in "".join(e.attrib.values())]
    assert [(e.tag, e.get("value"), e.get("inline")) for e in holding] == [
        ("HyperText", "$first", "true"),
        ("HyperText", "$card", "true"),
        ("Header", "$pause", None),
    ]


def test_a_scheme_without_kinds_and_reasons_asks_for_none():
    document = yaml.safe_load(DEFAULT.read_text(encoding="utf-8"))
    document |= {"kinds": {}, "reasons": {}}
    for answer in document["answers"].values():
        answer.pop("kinds", None)
    root = ET.fromstring(labelling_config.config(Scheme.of(document)))
    assert [c.get("name") for c in root.iter("Choices")] == ["answer", "confidence", "media"]


def test_a_hint_stays_text():
    document = yaml.safe_load(DEFAULT.read_text(encoding="utf-8"))
    document["answers"]["bot"]["hint"] = '<img src=x onerror="1">'
    html = choices(
        ET.fromstring(labelling_config.config(Scheme.of(document))), labelling_config.ANSWER
    )[0]["html"]
    assert "<img" not in html and "&lt;img" in html

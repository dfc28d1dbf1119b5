"""A file that nobody described, from `pull FILE` to a claim by a person: no card is written."""

import pytest

pytestmark = [pytest.mark.labelstudio, pytest.mark.data]
SAMPLE = 3


def answers(word):
    return [
        {
            "from_name": "answer",
            "to_name": "card",
            "type": "choices",
            "value": {"choices": [word]},
        }
    ]


@pytest.mark.parametrize(
    ("file", "format", "platform"),
    [
        ("bluesky/getAuthorFeed.json", "bluesky-api", "bluesky"),
        ("reddit/test_comments.json", "reddit", "reddit"),
        ("twitter_v2/flat.jsonl", "twitter-v2", "twitter"),
    ],
)
def test_from_a_file_to_claims_of_a_person(cli, label_studio, shared_data, file, format, platform):
    server = {"LABEL_STUDIO_URL": label_studio.url, "LABEL_STUDIO_API_KEY": label_studio.token}
    pulled = cli.json("pull", shared_data / "formats" / file)
    assert (pulled["format"]["name"], pulled["card"]) == (format, None)
    dataset = pulled["dataset"]
    batch = cli.json("sample", dataset, "--n", SAMPLE)["batch_id"]
    [project] = cli.json("annotate", "push", batch, **server)["project_ids"]
    page = {"project": project, "fields": "all", "include": "id,data"}
    tasks = label_studio.call("GET", "tasks", params=page)["tasks"]
    assert len(tasks) == SAMPLE
    for number, task in enumerate(tasks):
        # The page that a person sees is of an account of this network.
        assert platform in task["data"]["card"].lower()
        word = ("bot", "human")[number % 2]
        label_studio.call("POST", f"tasks/{task['id']}/annotations", json={"result": answers(word)})
    synced = cli.json("annotate", "sync", batch, **server)
    assert (synced["claims_added"], synced["rejected"]) == (SAMPLE, [])
    judged = cli.json("consensus", dataset)
    assert judged["accounts"] >= SAMPLE
    assert (judged["labels"]["bot"], judged["labels"]["human"]) == (2, 1)

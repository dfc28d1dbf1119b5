"""Files of a store damaged at seeded places: every command ends in a sentence.

A damage truncates, empties, removes or overwrites one file, or flips one bit of it. BOTBENCH_CHAOS
is how many damages are tried (`make chaos`).
"""

import random

FEW = 4
COMMANDS = (
    ("doctor",),
    ("log",),
    ("releases",),
    ("conflicts", "sim"),
    ("consensus", "sim"),
    ("release", "again", "--dataset", "sim"),
    ("publish", "sim@1", "--tier", "research"),
    ("backup", "{copy}"),
    ("erase", "{account}", "--reason", "case 7"),
)
HOW = ("truncated", "emptied", "removed", "overwritten", "flipped")


def damage(path, how, draw):
    """Damage a file in one of the ways."""
    content = path.read_bytes()
    at = draw.randrange(len(content)) if content else 0
    if how == "removed":
        path.unlink()
        return
    changed = {
        "truncated": content[:at],
        "emptied": b"",
        "overwritten": draw.randbytes(len(content)),
        "flipped": content[:at] + bytes([content[at] ^ 1 << draw.randrange(8)]) + content[at + 1 :],
    }[how]
    path.write_bytes(changed)


def files(home):
    """What botbench keeps: the catalog, data, releases and publications."""
    kept = ("data", "releases", "publications")
    return [
        p
        for p in sorted(home.rglob("*"))
        if p.is_file()
        and (p.name == "catalog.sqlite" or p.relative_to(home).parts[0] in kept)
        and p.stat().st_size
    ]


def test_a_damaged_file_is_a_sentence_from_every_command(sqlite_ground, wanted_kills, first_seed):
    """No traceback, no 'fault of botbench', a known exit code, and a reason where it failed."""
    number = FEW if wanted_kills is None else wanted_kills
    wrong = []
    for seed in range(first_seed, first_seed + number):
        draw = random.Random(f"damage/{seed}")
        with sqlite_ground.fresh("published") as (place, home):
            damaged = draw.choice(files(home))
            how = draw.choice(HOW)
            damage(damaged, how, draw)
            told = f"{seed}: {damaged.relative_to(home)} {how}"
            chosen = COMMANDS if number > FEW else draw.sample(COMMANDS, 3)
            for command in chosen:
                arguments = sqlite_ground.filled(command, copy=home.with_name(f"{home.name}-copy"))
                done = sqlite_ground.warm.ask(place, *arguments)
                said = done["stderr"]
                if (
                    done["code"] not in (0, 1, 2, 3)
                    or "Traceback" in said
                    or "fault of botbench" in said
                    or (done["code"] > 1 and not said.strip())
                ):
                    wrong.append(f"{told}: {' '.join(command)}: {done['code']} {said[-400:]}")
    assert not wrong, "\n".join(wrong)

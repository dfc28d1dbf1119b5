"""Run detectors in processes that hold what they may see, and nothing else.

A detector is code of its author, and the process that judges it holds every label. So each fold is
fitted and scored in a child process: it gets a view, the training labels and the seeds, and returns
scores. `children.py` starts one and asks it, `nursery.py` is the process that children are forked
from, `work.py` is what a child does, `wire.py` what both say to each other, and `fence.py` with
`landlock.py` and `system_calls.py` what the kernel keeps from it.
"""

"""A stand-in for what a worker does; in a module of its own, which workers import at once."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence

from ipt_nlp.places import write_private
from ipt_nlp.workers import Batch, Done, Task


def tag_quickly(batch: Batch, tasks: Sequence[Task]) -> list[Done]:
    """In place of ``tag_shard``, without a tagger: kills its process at a piece called poison."""
    done = []
    for task in tasks:
        if task.piece.file.name == "poison.txt":
            os.kill(os.getpid(), signal.SIGKILL)
        write_private(task.piece.output, "done\n")
        inside = batch.inside(task.piece.output)
        done.append(Done(str(task.piece.file), inside, task.key, 1, 1, final=True))
    time.sleep(0.05)
    return done

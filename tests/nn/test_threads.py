"""How many threads read: one, whatever the kernel's own setting, which is as before afterwards."""

import os
import subprocess
import sys

import pytest
import torch

from momem_lib.data.tasks import TASKS
from momem_lib.nn.blocks import ModelConfig
from momem_lib.nn.module import Module
from momem_lib.nn.threads import READING, threads
from momem_lib.nn.transformer import Transformer
from momem_lib.project import ROOT


@pytest.fixture
def two_threads():
    """A kernel whose owner chose two threads."""
    with threads(2):
        yield


@pytest.mark.parametrize("read", [lambda m: m.write(["Jo?"]), lambda m: m.score(["Jo?"], [["Jo", None]])])
def test_a_module_reads_with_one_thread_and_leaves_the_setting_alone(two_threads, read):
    model, seen = Transformer(ModelConfig(embedding_dim=8, num_heads=1, hidden_dim=8, num_decoder_blocks=1)).eval(), []
    start = model.start
    model.start = lambda inputs: (seen.append(torch.get_num_threads()), start(inputs))[1]
    read(Module(TASKS["ner"], model))
    assert seen == [READING] and torch.get_num_threads() == 2


def test_the_setting_comes_back_after_an_error_too(two_threads):
    with pytest.raises(ValueError), threads(1):
        raise ValueError
    assert torch.get_num_threads() == 2


def test_threads_that_wait_sleep_unless_somebody_chose_otherwise():
    script = "import os, momem_lib; print(os.environ['OMP_WAIT_POLICY'])"
    for chosen, found in (({}, "PASSIVE"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE")):
        env = {key: value for key, value in os.environ.items() if key != "OMP_WAIT_POLICY"} | chosen
        run = subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, env=env, capture_output=True, text=True, check=True
        )
        assert run.stdout.strip() == found

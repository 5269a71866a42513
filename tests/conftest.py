"""What all tests share."""

import pytest


@pytest.fixture(scope="module")
def untrained_pipeline():
    """A real, very small pipeline whose modules learned nothing; the last one has no copy head."""
    # Imported here: most tests need no torch.
    import torch

    from momem_lib.data.people import read_people
    from momem_lib.data.tasks import TASKS
    from momem_lib.nn.blocks import ModelConfig
    from momem_lib.nn.module import Module
    from momem_lib.nn.transformer import Transformer
    from momem_lib.project import TEST_PEOPLE
    from momem_lib.system.memory import Memory
    from momem_lib.system.pipeline import Pipeline

    torch.manual_seed(0)
    shape = {"embedding_dim": 8, "num_heads": 1, "hidden_dim": 8, "num_decoder_blocks": 1}
    models = {
        "ner": Transformer(ModelConfig(copy_from="prompt", **shape)).eval(),
        "summary": Transformer(ModelConfig(num_encoder_blocks=1, copy_from="both", **shape)).eval(),
        "response": Transformer(ModelConfig(num_encoder_blocks=1, **shape)).eval(),
    }
    pipeline = Pipeline({task: Module(TASKS[task], model) for task, model in models.items()}, Memory())
    pipeline.remember(read_people(TEST_PEOPLE))
    return pipeline


@pytest.fixture(scope="session")
def untrained():
    """What makes a small model of notebook 12's laboratory that has learned nothing."""
    import torch

    from momem_lib.course.nb12.small import small_config
    from momem_lib.nn.transformer import Transformer

    def make(task="ner", kind=Transformer, **changes):
        torch.manual_seed(0)
        tiny = {"embedding_dim": 8, "num_heads": 1, "hidden_dim": 8, "batch_size": 4}
        return kind(small_config(task, **(tiny | changes)).model).eval()

    return make


@pytest.fixture(scope="session")
def drawn():
    """Each experiment of notebook 12's laboratory by its letter -> what draws its results."""
    from momem_lib.course.nb12 import plots

    return {
        "a": plots.draw_masks,
        "b": plots.draw_precision,
        "c": plots.draw_closed_book,
        "d": plots.draw_pretraining,
    }

"""Attention against torch's kernel; the caption model's loss, its greedy and its searching way to speak."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_utils import data
from course_utils.captioning import CaptionModel, Words, attend

F = torch.nn.functional
seeds = st.integers(0, 2**32 - 1)


@given(
    seeds, st.sampled_from([(), (2,), (3, 2)]), st.integers(1, 4), st.integers(1, 5), st.integers(1, 6), st.integers(1, 3)
)  # fmt: skip
def test_attention_is_torchs(backend, seed, batch, m, n, d, k):
    rng = np.random.default_rng(seed)
    query, keys, values = (rng.normal(size=(*batch, *shape)) for shape in ((m, d), (n, d), (n, k)))
    expected = F.scaled_dot_product_attention(*map(torch.tensor, (query, keys, values)))
    context, weights = attend(*map(backend.array, (query, keys, values)))
    backend.check(context, expected)
    backend.check(weights, torch.tensor(query @ np.swapaxes(keys, -1, -2) / np.sqrt(d)).softmax(-1))


def test_a_key_that_answers_far_better_gets_all_the_attention(backend):
    query, keys = backend.array([[1e4]]), backend.array([[1.0], [-1.0]])
    context, weights = attend(query, keys, backend.array([[3.0], [5.0]]))
    backend.check(context, [[3.0]])
    backend.check(weights, [[1.0, 0.0]])


def test_gradients_flow_to_query_keys_and_values():
    inputs = [torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True) for _ in range(3)]
    assert torch.autograd.gradcheck(lambda *a: attend(*a)[0], inputs)


CAPTIONS = ["a red circle above a blue square", "a blue square", "a circle"]


def test_words_there_and_back():
    words = Words(CAPTIONS)
    tokens = words.encode(CAPTIONS)
    assert tokens.shape == (3, 9)
    assert [words.decode(row[1:].tolist()) for row in tokens] == CAPTIONS
    assert len(words) == 1 + len(set(" ".join(CAPTIONS).split()))


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return CaptionModel(words=9, size=32, channels=8, hidden=16).eval()


@pytest.fixture(scope="module")
def images():
    return torch.tensor(data.make_scenes(3, size=32, seed=0).images)


def test_shapes_and_that_attention_sums_to_one(model, images):
    logits, weights = model(images, torch.zeros(3, 5, dtype=torch.long))
    assert logits.shape == (3, 5, 9)
    assert weights.shape == (3, 5, 4, 4)
    torch.testing.assert_close(weights.sum(dim=(2, 3)), torch.ones(3, 5))


def test_a_word_depends_on_the_words_before_it_only(model, images):
    tokens = torch.randint(1, 9, (3, 6))
    other = tokens.clone()
    other[:, 4:] = 0
    torch.testing.assert_close(model(images, tokens)[0][:, :4], model(images, other)[0][:, :4])


def test_the_loss_counts_every_word_and_the_first_end(model, images):
    tokens = torch.tensor([[0, 3, 4, 0, 0, 0], [0, 1, 2, 5, 6, 0], [0, 7, 0, 0, 0, 0]])
    log_p = model(images, tokens[:, :-1])[0].log_softmax(dim=2)
    spoken = [(i, t) for i, length in enumerate((3, 5, 2)) for t in range(length)]
    expected = -sum(log_p[i, t, tokens[i, t + 1]] for i, t in spoken) / len(spoken)
    torch.testing.assert_close(model.loss(images, tokens), expected)
    longer = torch.cat([tokens, torch.zeros(3, 4, dtype=torch.long)], dim=1)
    torch.testing.assert_close(model.loss(images, longer), expected)


def test_the_greedy_caption_is_the_likeliest_word_after_each_word(model, images):
    tokens, weights = model.describe(images, length=5)
    assert tokens.shape == (3, 5)
    assert weights.shape == (3, 5, 4, 4)
    for row, image in zip(tokens, images, strict=True):
        so_far = [0]
        for number in row.tolist():
            logits, _ = model(image[None], torch.tensor([so_far]))
            ended = 0 in so_far[1:]
            assert number == (0 if ended else int(logits[0, -1].argmax()))
            so_far.append(number)


def test_one_beam_is_the_greedy_caption_and_more_beams_are_never_less_likely(model, images):
    for image in images:
        greedy = model.describe(image[None], length=5)[0][0].tolist()
        ((one, _),) = model.describe_with_beams(image, width=1, length=5)
        assert one == greedy[: len(one)]
        assert not any(greedy[len(one) :])
        # Every sequence fits into this many beams: nothing is pruned.
        best = model.describe_with_beams(image, width=9**3, length=3)[0]
        first = model.describe_with_beams(image, width=1, length=3)[0]
        assert best[1] >= first[1] - 1e-6


def test_every_parameter_learns(images):
    torch.manual_seed(0)
    net = CaptionModel(words=9, size=32, channels=8, hidden=16)
    net.loss(images, torch.tensor([[0, 3, 4, 0], [0, 1, 2, 5], [0, 7, 0, 0]])).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for _, p in net.named_parameters())


BAD = [
    (lambda: attend(np.ones(3), np.ones((2, 3)), np.ones((2, 1))), "query"),
    (lambda: attend(np.ones((1, 3)), np.ones((2, 4)), np.ones((2, 1))), "keys"),
    (lambda: attend(np.ones((1, 3)), np.ones((2, 3)), np.ones((3, 1))), "values"),
    (lambda: attend(np.full((1, 3), np.nan), np.ones((2, 3)), np.ones((3, 1))), "query"),
    (lambda: Words([]), "captions"),
    (lambda: Words(CAPTIONS).encode(["a green circle"]), "captions"),
    (lambda: Words(CAPTIONS).encode(["a circle"], length=3), "length"),
    (lambda: CaptionModel(words=9, size=30), "size"),
]


@pytest.mark.parametrize(("call", "argument"), BAD)
def test_errors_name_the_argument(call, argument):
    with pytest.raises(ValueError, match=rf"^`?{argument}\b"):
        call()

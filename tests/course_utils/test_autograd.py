"""The tape against torch's autograd, the differences against exact derivatives."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_utils.autograd import Tensor, draw_graph, jacobian, numerical_gradient, relative_error


def compare(f, g, *arrays, rtol=1e-9):
    """The value and all gradients of f on our tensors are those of g on torch's."""
    ours = [Tensor(array, requires_grad=True) for array in arrays]
    theirs = [torch.tensor(array, requires_grad=True) for array in arrays]
    a, b = f(*ours), g(*theirs)
    np.testing.assert_allclose(a.data, b.detach().numpy(), rtol=rtol, atol=1e-12)
    upstream = np.random.default_rng(0).normal(size=a.shape)
    a.backward(upstream)
    b.backward(torch.tensor(upstream))
    for mine, leaf in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine.grad, leaf.grad.numpy(), rtol=rtol, atol=1e-10)
        assert mine.grad.shape == mine.shape


SHAPES = st.sampled_from(
    [
        ((), ()),
        ((3,), ()),
        ((3,), (3,)),
        ((2, 3), (3,)),
        ((2, 1), (1, 3)),
        ((4, 1, 3), (2, 1)),
        ((1,), (5, 1)),
    ]
)


@given(SHAPES, st.integers(0, 2**32 - 1), st.booleans())
@pytest.mark.parametrize("op", ["+", "-", "*", "/"])
def test_arithmetic_broadcasts_as_in_torch(op, shapes, seed, swap):
    rng = np.random.default_rng(seed)
    a, b = (
        rng.uniform(0.5, 2, shape) * rng.choice([-1, 1], shape)
        for shape in (shapes[::-1] if swap else shapes)
    )
    f = eval(f"lambda a, b: a {op} b")
    compare(f, f, a, b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((3, 4), (4, 2)),
        ((4,), (4, 2)),
        ((3, 4), (4,)),
        ((4,), (4,)),
        ((5, 3, 4), (4, 2)),
        ((5, 3, 4), (5, 4, 2)),
        ((2, 1, 3, 4), (5, 4, 2)),
    ],
)
def test_matrix_products_are_torchs(a, b):
    rng = np.random.default_rng(1)
    compare(lambda a, b: a @ b, lambda a, b: a @ b, rng.normal(size=a), rng.normal(size=b))


UNARY = {
    "exp": lambda x: x.exp(),
    "log": lambda x: (x * x + 0.5).log(),
    "tanh": lambda x: x.tanh(),
    "sigmoid": lambda x: (x * 300).sigmoid(),
    "relu": lambda x: x.relu(),
    "negation": lambda x: -x,
    "a cube": lambda x: x**3,
    "an inverse root": lambda x: (x * x + 1) ** -0.5,
    "constants on the left": lambda x: 2 - 3 * x + 1 / (x * x + 1),
    "sum": lambda x: x.sum(),
    "mean": lambda x: x.mean(),
    "index": lambda x: x[1],
    "slices": lambda x: x[:, 1:3] * 2,
    "reshape": lambda x: x.reshape(5, 4) * 3,
    "T": lambda x: x.T @ x,
    "a tensor used twice": lambda x: x * x + x.exp() * x,
}


@pytest.mark.parametrize("name", UNARY)
def test_an_operation_is_torchs(name):
    compare(UNARY[name], UNARY[name], np.random.default_rng(2).normal(size=(4, 5)))


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("axis", [0, 1, -1, (0, 2)])
def test_reductions_over_axes_are_torchs(axis, keep):
    x = np.random.default_rng(3).normal(size=(2, 3, 4))
    compare(lambda x: x.sum(axis, keepdims=keep), lambda x: x.sum(axis, keepdim=keep), x)
    compare(lambda x: x.mean(axis, keepdims=keep), lambda x: x.mean(axis, keepdim=keep), x)
    compare(lambda x: x.max(axis, keepdims=keep), lambda x: x.amax(axis, keepdim=keep), x)


def test_equal_largest_entries_share_the_gradient_as_in_torch():
    x = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
    compare(lambda x: x.max(axis=1), lambda x: x.amax(1), x)


def test_fancy_indices_taken_twice_add_up():
    x, index = np.random.default_rng(4).normal(size=(4, 3)), [0, 2, 0]
    compare(lambda x: x[index], lambda x: x[index], x)
    compare(lambda x: x[np.arange(3), [2, 0, 1]], lambda x: x[torch.arange(3), [2, 0, 1]], x)


def test_axes_come_back_in_their_order():
    x = np.random.default_rng(5).normal(size=(2, 3, 4))
    compare(lambda x: x.transpose(2, 0, 1) * 2, lambda x: x.permute(2, 0, 1) * 2, x)


@given(st.integers(0, 2**32 - 1))
def test_a_two_layer_net_has_torchs_gradients(seed):
    rng = np.random.default_rng(seed)
    X, W1, b1, W2 = (rng.normal(size=s) for s in [(7, 3), (3, 5), (5,), (5, 2)])
    compare(
        lambda X, A, b, B: ((X @ A + b).tanh() @ B).mean(),
        lambda X, A, b, B: ((X @ A + b).tanh() @ B).mean(),
        X,
        W1,
        b1,
        W2,
    )


def test_a_net_learns_with_it():
    rng = np.random.default_rng(6)
    X = rng.normal(size=(100, 2))
    y = (X[:, :1] * X[:, 1:] > 0).astype(float)  # exclusive or: no line separates it
    weights = [Tensor(rng.normal(size=s), requires_grad=True) for s in [(2, 16), (16,), (16, 1), (1,)]]
    for _ in range(400):
        W1, b1, W2, b2 = weights
        p = ((X @ W1 + b1).tanh() @ W2 + b2).sigmoid()
        loss = -(y * (p + 1e-9).log() + (1 - y) * (1 - p + 1e-9).log()).mean()
        for w in weights:
            w.zero_grad()
        loss.backward()
        weights = [Tensor(w.data - 2.0 * w.grad, requires_grad=True) for w in weights]
    assert ((p.data > 0.5) == y).mean() > 0.95


def test_gradients_of_several_passes_add_up_until_they_are_forgotten():
    x = Tensor([1.0, 2.0], requires_grad=True)
    for _ in range(2):
        (3 * x).sum().backward()
    np.testing.assert_array_equal(x.grad, [6, 6])
    x.zero_grad()
    assert x.grad is None


def test_a_tape_longer_than_pythons_stack_is_played_back():
    x = Tensor(1.0, requires_grad=True)
    y = x
    for _ in range(5000):
        y = y + x
    y.backward()
    assert x.grad == 5001


def test_what_needs_no_gradient_is_not_recorded():
    constant = Tensor([1.0]) * 2 + 1
    assert constant.op == ""
    assert constant.parents == ()
    x = Tensor([1.0], requires_grad=True)
    other = Tensor([5.0])
    (x * other).sum().backward()
    assert other.grad is None


def test_single_precision_stays():
    x = Tensor(np.float32([1, 2]), requires_grad=True)
    y = (x * np.float32(2)).sum()
    y.backward()
    assert y.data.dtype == x.grad.dtype == np.float32


def test_a_gradient_that_is_kept_is_not_shared():
    x, y = Tensor([1.0], requires_grad=True), Tensor([1.0], requires_grad=True)
    (x + y).sum().backward()
    x.grad += 5
    np.testing.assert_array_equal(y.grad, [1])


class TestDrawing:
    def graph(self):
        x, w = (
            Tensor(2.0, requires_grad=True, name="x"),
            Tensor(np.ones((3, 1)), requires_grad=True, name="w <1>"),
        )
        y = (w * x).sum() * x + 1
        y.backward()
        return y

    def test_it_is_xml_with_a_box_for_each_tensor_and_a_line_for_each_use(self):
        root = ET.fromstring(draw_graph(self.graph()))
        kinds = [element.tag.split("}")[1] for element in root]
        assert kinds.count("rect") == 7
        assert kinds.count("path") == 7
        said = [element.text for element in root if element.tag.endswith("text")]
        assert "w <1>" in said
        assert "(3 × 1)" in said
        assert "grad 12" in said  # d(x Σ w x)/dx = 2 x Σ w

    def test_no_two_boxes_overlap_and_all_lie_within(self):
        root = ET.fromstring(draw_graph(self.graph()))
        width, height = float(root.get("width")), float(root.get("height"))
        boxes = [
            [float(e.get(k)) for k in ("x", "y", "width", "height")] for e in root if e.tag.endswith("rect")
        ]
        for i, (x, y, w, h) in enumerate(boxes):
            assert 0 <= x <= x + w <= width
            assert 0 <= y <= y + h <= height
            for u, v, a, b in boxes[i + 1 :]:
                assert x + w <= u or u + a <= x or y + h <= v or v + b <= y

    def test_a_notebook_draws_results_but_neither_inputs_nor_crowds(self):
        x = Tensor(1.0, requires_grad=True)
        assert x._repr_svg_() is None
        assert (x * 2)._repr_svg_().startswith("<svg")
        for _ in range(100):
            x = x * 2
        assert x._repr_svg_() is None
        with pytest.raises(ValueError, match="result: expected a graph of at most"):
            draw_graph(x)


def test_numerical_gradients_are_autograds(backend):
    values = np.random.default_rng(7).normal(size=(3, 4)) * 10

    def f(x):
        return (x**3).sum() / 100 + x[0, 0] * x[1, 1]

    leaf = torch.tensor(values, requires_grad=True)
    f(leaf).backward()
    got = numerical_gradient(f, backend.array(values))
    backend.check(got, leaf.grad, rtol=5e-2 if backend.dtype == "float32" else 1e-7)


def test_jacobians_are_autograds(backend):
    values = np.random.default_rng(8).normal(size=5)

    def f(x):
        return x[:2, None] * x[None, 1:]

    oracle = torch.autograd.functional.jacobian(f, torch.tensor(values))
    got = jacobian(f, backend.array(values))
    backend.check(got, oracle, rtol=1e-2 if backend.dtype == "float32" else 1e-8)
    assert tuple(got.shape) == (2, 4, 5)


def test_the_function_is_never_given_x_itself():
    x = np.array([1.0, 2.0])

    def spoils(v):
        v += 100
        return float(v.sum())

    numerical_gradient(spoils, x)
    np.testing.assert_array_equal(x, [1, 2])


def test_relative_error_is_the_worst_entry():
    assert relative_error([1.0, 100.0], [1.0, 101.0]) == pytest.approx(1 / 201)
    assert relative_error([0.0], [0.0]) == 0


X = Tensor([1.0, 2.0], requires_grad=True)
BAD = [
    (lambda: Tensor(["a"]), "data: expected numbers"),
    (lambda: (X * 2).backward(), "gradient: expected shape"),
    (lambda: Tensor(1.0).backward(), "self: expected a tensor computed from one"),
    (lambda: X**X, "power: expected a number"),
    (lambda: X @ 3, "other: expected arrays with at least one axis"),
    (lambda: numerical_gradient(lambda x: x, [1.0, 2.0]), "f: expected a function that returns one number"),
    (lambda: jacobian(lambda x: x, [1.0], h=0), "h: expected a number > 0"),
    (lambda: relative_error([1.0], [1.0, 2.0]), "b: expected shape"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()

"""Wrong answers to the exercises on backpropagation."""

import math

import numpy as np

from autograder.wrong_answers import wrong

# --- numerical_gradient --------------------------------------------------------------------------------------


@wrong("numerical_gradient", says="one-sided difference: go h ahead")
def one_sided(f, x, h=1e-5):
    x = np.asarray(x, dtype=float)
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        nudge = np.zeros_like(x)
        nudge[index] = h
        gradient[index] = (f(x + nudge) - f(x)) / h
    return gradient


@wrong("numerical_gradient", says="divide by 2h, not by h")
def divided_by_h(f, x, h=1e-5):
    x = np.asarray(x, dtype=float)
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        nudge = np.zeros_like(x)
        nudge[index] = h
        gradient[index] = (f(x + nudge) - f(x - nudge)) / h
    return gradient


@wrong("numerical_gradient", says="didn't put it back")
def did_not_put_it_back(f, x, h=1e-5):
    x = np.array(x, dtype=float)
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        x[index] += h
        ahead = f(x)
        x[index] -= 2 * h
        gradient[index] = (ahead - f(x)) / (2 * h)
    return gradient


@wrong("numerical_gradient", says="one and the same array")
def forgot_to_copy(f, x, h=1e-5):
    x = np.array(x, dtype=float)
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        ahead = behind = x
        ahead[index] += h
        behind[index] -= h
        gradient[index] = (f(ahead) - f(behind)) / (2 * h)
    return gradient


@wrong("numerical_gradient", says="a small step is rounded away")
def nudge_of_integers(f, x, h=1e-5):
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        nudge = np.zeros_like(x)
        nudge[index] = h
        gradient[index] = (f(x + nudge) - f(x - nudge)) / (2 * h)
    return gradient


@wrong("numerical_gradient", says="cut off to whole numbers")
def integers_cut_off(f, x, h=1e-5):
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        ahead, behind = x.copy(), x.copy()
        ahead[index] = x[index] + h
        behind[index] = x[index] - h
        gradient[index] = (f(ahead) - f(behind)) / (2 * h)
    return gradient


@wrong("numerical_gradient", says="Your step isn't the h")
def a_step_of_its_own(f, x, h=1e-5):
    x = np.asarray(x, dtype=float)
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        nudge = np.zeros_like(x)
        nudge[index] = 1e-5
        gradient[index] = (f(x + nudge) - f(x - nudge)) / 2e-5
    return gradient


@wrong("numerical_gradient", says="You moved all entries at once")
def moved_everything(f, x, h=1e-5):
    x = np.asarray(x, dtype=float)
    return np.full(x.shape, (f(x + h) - f(x - h)) / (2 * h))


# --- jacobian ------------------------------------------------------------------------------------------------


@wrong("jacobian", says="transposed: outputs are rows")
def columns_as_rows(f, x, h=1e-5):
    return np.array([(f(x + nudge) - f(x - nudge)) / (2 * h) for nudge in h * np.eye(len(x))])


@wrong("jacobian", says="one-sided difference")
def jacobian_one_sided(f, x, h=1e-5):
    return np.stack([(f(x + nudge) - f(x)) / h for nudge in h * np.eye(len(x))], axis=1)


@wrong("jacobian", says="Only the diagonal is right")
def diagonal_only(f, x, h=1e-5):
    J = np.stack([(f(x + nudge) - f(x - nudge)) / (2 * h) for nudge in h * np.eye(len(x))], axis=1)
    return J * np.eye(*J.shape)


@wrong("jacobian", says="You added the outputs up")
def gradient_of_the_sum(f, x, h=1e-5):
    return np.array([np.sum(f(x + nudge) - f(x - nudge)) / (2 * h) for nudge in h * np.eye(len(x))])


@wrong("jacobian", says="You moved all inputs at once")
def one_nudge_for_all(f, x, h=1e-5):
    return (f(x + h) - f(x - h)) / (2 * h)


@wrong("jacobian", says="still has a row")
def squeezed(f, x, h=1e-5):
    return np.squeeze(
        np.stack([(f(x + nudge) - f(x - nudge)) / (2 * h) for nudge in h * np.eye(len(x))], axis=1)
    )


# --- linear_backward -----------------------------------------------------------------------------------------


@wrong("linear_backward", says="The gradient by W is transposed")
def weights_transposed(dout, X, W):
    return dout @ W, X.T @ dout, dout.sum(axis=0)


@wrong("linear_backward", says="The loss has divided by n already")
def divided_by_n_again(dout, X, W):
    return dout @ W, dout.T @ X / len(X), dout.sum(axis=0) / len(X)


@wrong("linear_backward", says="summed the gradient by b to one number")
def one_number_for_b(dout, X, W):
    return dout @ W, dout.T @ X, dout.sum()


@wrong("linear_backward", says="You multiplied entry by entry")
def entry_by_entry(dout, X, W):
    return dout * W, dout * X, dout.sum(axis=0)


@wrong("linear_backward", says="isn't summed over samples")
def b_for_each_sample(dout, X, W):
    return dout @ W, dout.T @ X, dout


@wrong("linear_backward", says="You swapped the first two")
def weights_first(dout, X, W):
    return dout.T @ X, dout @ W, dout.sum(axis=0)


@wrong("linear_backward", says="The model path comes first in your answer")
def model_path_first(dout, X, W):
    return dout.T @ X, dout.sum(axis=0), dout @ W


@wrong("linear_backward", says="needs W itself, not its transpose")
def transposed_where_it_fits(dout, X, W):
    return dout @ W.T, dout.T @ X, dout.sum(axis=0)


@wrong("linear_backward", says="sum over samples, axis 0")
def summed_b_over_outputs(dout, X, W):
    return dout @ W, dout.T @ X, dout.sum(axis=1)


# --- chain_cost ----------------------------------------------------------------------------------------------


@wrong("chain_cost", says="forward begins at the input")
def orders_swapped(shapes, order):
    if order == "reverse":
        return sum(shapes[0][1] * a * b for a, b in shapes[1:])
    return sum(shapes[-1][0] * a * b for a, b in shapes[:-1])


@wrong("chain_cost", says="three matrices make two products")
def counted_the_first_matrix(shapes, order):
    kept = shapes[0][1] if order == "forward" else shapes[-1][0]
    return sum(kept * a * b for a, b in shapes)


@wrong("chain_cost", says="count multiplications only")
def counted_additions(shapes, order):
    if order == "forward":
        return 2 * sum(shapes[0][1] * a * b for a, b in shapes[1:])
    return 2 * sum(shapes[-1][0] * a * b for a, b in shapes[:-1])


@wrong("chain_cost", says="You counted entries")
def counted_entries(shapes, order):
    return sum(a * b for a, b in (shapes[1:] if order == "forward" else shapes[:-1]))


@wrong("chain_cost", says="keeps the columns of the first matrix")
def kept_the_wrong_end(shapes, order):
    if order == "forward":
        return sum(shapes[0][0] * a * b for a, b in shapes[1:])
    return sum(shapes[-1][1] * a * b for a, b in shapes[:-1])


@wrong("chain_cost", says="You multiplied neighbours only")
def neighbours_only(shapes, order):
    return sum(shapes[i][0] * shapes[i][1] * shapes[i - 1][1] for i in range(1, len(shapes)))


@wrong("chain_cost", says="Only the last product is counted")
def last_product_only(shapes, order):
    if order == "forward":
        return shapes[0][1] * shapes[-1][0] * shapes[-1][1]
    return shapes[-1][0] * shapes[0][0] * shapes[0][1]


# --- Value ---------------------------------------------------------------------------------------------------


class Tape:
    """A right answer, from which the wrong ones derive."""

    def __init__(self, data, parents=(), slopes=()):
        self.data, self.grad = float(data), 0.0
        self.parents, self.slopes = parents, slopes
        self.depth = 1 + max((parent.depth for parent in parents), default=-1)

    def wrap(self, other):
        return other if isinstance(other, Tape) else type(self)(other)

    def made(self, data, *pairs):
        parents, slopes = zip(*pairs, strict=True)
        return type(self)(data, parents, slopes)

    def __add__(self, other):
        other = self.wrap(other)
        return self.made(self.data + other.data, (self, 1.0), (other, 1.0))

    __radd__ = __add__

    def __sub__(self, other):
        other = self.wrap(other)
        return self.made(self.data - other.data, (self, 1.0), (other, -1.0))

    def __mul__(self, other):
        other = self.wrap(other)
        return self.made(self.data * other.data, (self, other.data), (other, self.data))

    def __rmul__(self, other):
        return self * other

    def __truediv__(self, other):
        other = self.wrap(other)
        return self.made(self.data / other.data, (self, 1 / other.data), (other, -self.data / other.data**2))

    def __pow__(self, power):
        return self.made(self.data**power, (self, power * self.data ** (power - 1)))

    def exp(self):
        y = math.exp(self.data)
        return self.made(y, (self, y))

    def log(self):
        return self.made(math.log(self.data), (self, 1 / self.data))

    def tanh(self):
        y = math.tanh(self.data)
        return self.made(y, (self, 1 - y**2))

    def relu(self):
        return self.made(max(self.data, 0.0), (self, float(self.data > 0)))

    def nodes(self):
        found, seen = [self], {self}
        for node in found:
            for parent in node.parents:
                if parent not in seen:
                    seen.add(parent)
                    found.append(parent)
        return found

    def in_order(self):
        return sorted(self.nodes(), key=lambda node: -node.depth)

    def backward(self):
        for node in self.nodes():
            node.grad = 0.0
        self.grad = 1.0
        for node in self.in_order():
            for parent, slope in zip(node.parents, node.slopes, strict=True):
                parent.grad += slope * node.grad


@wrong("Value", says="Use += where you have =")
class replaces_the_gradient(Tape):
    def backward(self):
        self.grad = 1.0
        for node in self.in_order():
            for parent, slope in zip(node.parents, node.slopes, strict=True):
                parent.grad = slope * node.grad


@wrong("Value", says="handed on its gradient before all of it had come in")
class goes_by_distance(Tape):
    def in_order(self):
        return self.nodes()


@wrong("Value", says="handed on its gradient twice")
class hands_on_what_it_has_each_time(Tape):
    def backward(self):
        for node in self.nodes():
            node.grad = 0.0
        self.grad = 1.0
        self.hand_on()

    def hand_on(self):
        for parent, slope in zip(self.parents, self.slopes, strict=True):
            parent.grad += slope * self.grad
            parent.hand_on()


@wrong("Value", says="go through the graph with a loop")
class calls_itself(Tape):
    def in_order(self):
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for parent in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        return order[::-1]


@wrong("Value", says="A second call of backward() added to the first")
class adds_to_the_last_call(Tape):
    def backward(self):
        self.grad = 1.0
        for node in self.nodes():
            if node.parents and node is not self:
                node.grad = 0.0
        for node in self.in_order():
            for parent, slope in zip(node.parents, node.slopes, strict=True):
                parent.grad += slope * node.grad


@wrong("Value", says="set those in between to 0 as well")
class never_cleared(Tape):
    def backward(self):
        self.grad = 1.0
        for node in self.in_order():
            for parent, slope in zip(node.parents, node.slopes, strict=True):
                parent.grad += slope * node.grad


@wrong("Value", says="the slope of b is −1")
class minus_hands_on_plus(Tape):
    def __sub__(self, other):
        other = self.wrap(other)
        return self.made(self.data - other.data, (self, 1.0), (other, 1.0))


@wrong("Value", says="yours are swapped")
class own_factor_as_slope(Tape):
    def __mul__(self, other):
        other = self.wrap(other)
        return self.made(self.data * other.data, (self, self.data), (other, other.data))


@wrong("Value", says="In a / b the slope of b is negative")
class quotient_without_minus(Tape):
    def __truediv__(self, other):
        other = self.wrap(other)
        return self.made(self.data / other.data, (self, 1 / other.data), (other, self.data / other.data**2))


@wrong("Value", says="The power comes down as a factor")
class power_left_up(Tape):
    def __pow__(self, power):
        return self.made(self.data**power, (self, self.data ** (power - 1)))


@wrong("Value", says="You squared the input")
class tanh_of_the_input(Tape):
    def tanh(self):
        return self.made(math.tanh(self.data), (self, 1 - self.data**2))


@wrong("Value", says="nothing gets through")
class relu_that_lets_all_through(Tape):
    def relu(self):
        return self.made(max(self.data, 0.0), (self, 1.0))


@wrong("Value", says="no power comes down here")
class exp_as_a_power(Tape):
    def exp(self):
        return self.made(math.exp(self.data), (self, self.data * math.exp(self.data - 1)))


@wrong("Value", says="raised an AttributeError")
class plain_numbers_left_plain(Tape):
    def wrap(self, other):
        return other


# --- activation_forward_backward -----------------------------------------------------------------------------


@wrong("activation_forward_backward", says="You squared the input")
def squared_the_input(name, x, dout):
    if name == "sigmoid":
        y = 1 / (1 + np.exp(-x))
        return y, dout * y * (1 - y)
    if name == "tanh":
        return np.tanh(x), dout * (1 - x**2)
    return np.maximum(x, 0), dout * (x > 0)


@wrong("activation_forward_backward", says="You put the input into y(1 − y)")
def sigmoid_slope_of_the_input(name, x, dout):
    if name == "sigmoid":
        return 1 / (1 + np.exp(-x)), dout * x * (1 - x)
    if name == "tanh":
        return np.tanh(x), dout * (1 - np.tanh(x) ** 2)
    return np.maximum(x, 0), dout * (x > 0)


@wrong("activation_forward_backward", says="The sign of x decides")
def guided(name, x, dout):
    if name == "sigmoid":
        y = 1 / (1 + np.exp(-x))
        return y, dout * y * (1 - y)
    if name == "tanh":
        return np.tanh(x), dout * (1 - np.tanh(x) ** 2)
    return np.maximum(x, 0), dout * (dout > 0)


@wrong("activation_forward_backward", says="At exactly 0")
def slope_one_at_zero(name, x, dout):
    if name == "sigmoid":
        y = 1 / (1 + np.exp(-x))
        return y, dout * y * (1 - y)
    if name == "tanh":
        return np.tanh(x), dout * (1 - np.tanh(x) ** 2)
    return np.maximum(x, 0), dout * (x >= 0)


@wrong("activation_forward_backward", says="You returned the slope alone")
def forgot_dout(name, x, dout):
    if name == "sigmoid":
        y = 1 / (1 + np.exp(-x))
        return y, y * (1 - y)
    if name == "tanh":
        return np.tanh(x), 1 - np.tanh(x) ** 2
    return np.maximum(x, 0), 1.0 * (x > 0)


@wrong("activation_forward_backward", says="NaN")
def overflows(name, x, dout):
    if name == "sigmoid":
        y = np.exp(x) / (1 + np.exp(x))
        return y, dout * y * (1 - y)
    if name == "tanh":
        return np.tanh(x), dout * (1 - np.tanh(x) ** 2)
    return np.maximum(x, 0), dout * (x > 0)


@wrong("activation_forward_backward", says="You took tanh of the output again")
def slope_of_the_output(name, x, dout):
    if name == "sigmoid":
        y = 1 / (1 + np.exp(-x))
        return y, dout * y * (1 - y)
    if name == "tanh":
        y = np.tanh(x)
        return y, dout * (1 - np.tanh(y) ** 2)
    return np.maximum(x, 0), dout * (x > 0)


# --- leaky_forward_backward ----------------------------------------------------------------------------------


@wrong("leaky_forward_backward", says="the slope is a, not 0")
def slope_of_relu(name, x, dout, a):
    if name == "leaky_relu":
        return np.where(x > 0, x, a * x), dout * (x > 0)
    e = np.exp(np.minimum(x, 0))
    return np.where(x > 0, x, a * (e - 1)), dout * np.where(x > 0, 1, a * e)


@wrong("leaky_forward_backward", says="a is on the wrong side")
def shrinks_the_positive(name, x, dout, a):
    if name == "leaky_relu":
        return np.where(x > 0, a * x, x), dout * np.where(x > 0, a, 1)
    e = np.exp(np.minimum(x, 0))
    return np.where(x > 0, x, a * (e - 1)), dout * np.where(x > 0, 1, a * e)


@wrong("leaky_forward_backward", says="The −1 is missing")
def elu_without_minus_one(name, x, dout, a):
    if name == "leaky_relu":
        return np.where(x > 0, x, a * x), dout * np.where(x > 0, 1, a)
    e = np.exp(np.minimum(x, 0))
    return np.where(x > 0, x, a * e), dout * np.where(x > 0, 1, a * e)


@wrong("leaky_forward_backward", says="a is missing: ELU")
def elu_without_a(name, x, dout, a):
    if name == "leaky_relu":
        return np.where(x > 0, x, a * x), dout * np.where(x > 0, 1, a)
    e = np.exp(np.minimum(x, 0))
    return np.where(x > 0, x, e - 1), dout * np.where(x > 0, 1, e)


@wrong("leaky_forward_backward", says="drops out of the slope")
def minus_one_in_the_slope(name, x, dout, a):
    if name == "leaky_relu":
        return np.where(x > 0, x, a * x), dout * np.where(x > 0, 1, a)
    e = np.exp(np.minimum(x, 0))
    return np.where(x > 0, x, a * (e - 1)), dout * np.where(x > 0, 1, a * (e - 1))


@wrong("leaky_forward_backward", says="only for a up to 1")
def larger_of_both(name, x, dout, a):
    if name == "leaky_relu":
        return np.maximum(a * x, x), dout * np.where(x > 0, 1, a)
    e = np.exp(np.minimum(x, 0))
    return np.where(x > 0, x, a * (e - 1)), dout * np.where(x > 0, 1, a * e)


@wrong("leaky_forward_backward", says="At exactly 0")
def slope_from_the_right(name, x, dout, a):
    if name == "leaky_relu":
        return np.where(x > 0, x, a * x), dout * np.where(x >= 0, 1, a)
    e = np.exp(np.minimum(x, 0))
    return np.where(x > 0, x, a * (e - 1)), dout * np.where(x >= 0, 1, a * e)


# --- prelu_forward_backward ----------------------------------------------------------------------------------


@wrong("prelu_forward_backward", says="one number for each feature")
def one_number_for_a(x, a, dout):
    negative = x <= 0
    return np.where(negative, a * x, x), dout * np.where(negative, a, 1), np.sum(dout * x * negative)


@wrong("prelu_forward_backward", says="counts positive x too")
def positive_inputs_counted(x, a, dout):
    negative = x <= 0
    return np.where(negative, a * x, x), dout * np.where(negative, a, 1), np.sum(dout * x, axis=0)


@wrong("prelu_forward_backward", says="misses dout")
def slope_without_dout(x, a, dout):
    negative = x <= 0
    return np.where(negative, a * x, x), dout * np.where(negative, a, 1), np.sum(x * negative, axis=0)


@wrong("prelu_forward_backward", says="isn't summed over samples")
def a_for_each_sample(x, a, dout):
    negative = x <= 0
    return np.where(negative, a * x, x), dout * np.where(negative, a, 1), dout * x * negative


@wrong("prelu_forward_backward", says="The gradient by x is 0 for negative x")
def backward_of_relu(x, a, dout):
    negative = x <= 0
    return np.where(negative, a * x, x), dout * (x > 0), np.sum(dout * x * negative, axis=0)


@wrong("prelu_forward_backward", says="is a mean")
def mean_over_samples(x, a, dout):
    negative = x <= 0
    return np.where(negative, a * x, x), dout * np.where(negative, a, 1), np.mean(dout * x * negative, axis=0)


# --- maxout_forward_backward ---------------------------------------------------------------------------------


@wrong("maxout_forward_backward", says="Every piece gets the gradient")
def all_pieces_learn(x, W, b, dout):
    z = x @ W.transpose(0, 2, 1) + b[:, None]
    dz = np.broadcast_to(dout, z.shape)
    return z.max(axis=0), (dz @ W).sum(axis=0), dz.transpose(0, 2, 1) @ x, dz.sum(axis=1)


@wrong("maxout_forward_backward", says="At a tie both pieces get the gradient")
def ties_count_twice(x, W, b, dout):
    z = x @ W.transpose(0, 2, 1) + b[:, None]
    dz = dout * (z == z.max(axis=0))
    return z.max(axis=0), (dz @ W).sum(axis=0), dz.transpose(0, 2, 1) @ x, dz.sum(axis=1)


@wrong("maxout_forward_backward", says="You took the smallest piece")
def minout(x, W, b, dout):
    z = x @ W.transpose(0, 2, 1) + b[:, None]
    dz = dout * (z == z.min(axis=0))
    return z.min(axis=0), (dz @ W).sum(axis=0), dz.transpose(0, 2, 1) @ x, dz.sum(axis=1)


@wrong("maxout_forward_backward", says="maxout needs no ReLU")
def relu_on_top(x, W, b, dout):
    z = x @ W.transpose(0, 2, 1) + b[:, None]
    dz = dout * (z == z.max(axis=0)) * (z > 0)
    return np.maximum(z.max(axis=0), 0), (dz @ W).sum(axis=0), dz.transpose(0, 2, 1) @ x, dz.sum(axis=1)


@wrong("maxout_forward_backward", says="must be added up over the pieces")
def one_gradient_for_each_piece(x, W, b, dout):
    z = x @ W.transpose(0, 2, 1) + b[:, None]
    dz = dout * (z == z.max(axis=0))
    return z.max(axis=0), dz @ W, dz.transpose(0, 2, 1) @ x, dz.sum(axis=1)


@wrong("maxout_forward_backward", says="are means: they are sums over samples")
def divided_by_samples(x, W, b, dout):
    z = x @ W.transpose(0, 2, 1) + b[:, None]
    dz = dout * (z == z.max(axis=0))
    return z.max(axis=0), (dz @ W).sum(axis=0), dz.transpose(0, 2, 1) @ x / len(x), dz.mean(axis=1)


# --- changes to a solution that change nothing ---------------------------------------------------------------

_STEP = "any step of this size is as good; its sign cancels in a centred difference"
_DEPTH = "depth only has to grow from parent to child"
_PAIR = "a pair has two entries: the last is the second"
_DISCARDED = "what is computed for positive x is discarded, infinity too"
_AT_ZERO = "at x = 0 both formulas give the same"
_SAME_LENGTH = "every parent has its slope: both are equally long"

EQUIVALENT_MUTANTS = {
    ("numerical_gradient", "def numerical_gradient(f, x, h=2e-05):"): _STEP,
    ("numerical_gradient", "def numerical_gradient(f, x, h=5e-06):"): _STEP,
    ("numerical_gradient", "def numerical_gradient(f, x, h=-1e-05):"): _STEP,
    ("jacobian", "def jacobian(f, x, h=2e-05):"): _STEP,
    ("jacobian", "def jacobian(f, x, h=5e-06):"): _STEP,
    ("jacobian", "def jacobian(f, x, h=-1e-05):"): _STEP,
    ("jacobian", "return np.stack(columns, axis=-1)"): "a matrix has two axes: the last is the second",
    ("chain_cost", "kept, others = (shapes[0][-1], shapes[1:])"): _PAIR,
    ("Value", "slope = self.data > 0"): "True and False are 1 and 0",
    ("Value", "self.data, self.grad = (data, 0.0)"): "a whole number is computed with like a float",
    ("Value", "self.depth = 2 + max((parent.depth for parent in parents), default=-1)"): _DEPTH,
    ("Value", "self.depth = 1 + max((parent.depth for parent in parents), default=1)"): _DEPTH,
    ("Value", "self.depth = 1 + max((parent.depth for parent in parents), default=-0)"): _DEPTH,
    ("Value", "self.depth = 1 + max((parent.depth for parent in parents), default=-2)"): _DEPTH,
    ("Value", "self.depth = 1 + max((parent.depth for parent in parents), default=--1)"): _DEPTH,
    (
        "Value",
        "return Value(self.data + other.data, (other, self), (1.0, 1.0))",
    ): "both slopes of a sum are 1",
    ("Value", "for parent, slope in zip(node.parents, node.slopes):"): _SAME_LENGTH,
    ("Value", "for parent, slope in zip(node.parents, node.slopes, strict=False):"): _SAME_LENGTH,
    ("activation_forward_backward", "y = np.where(x >= 0, 1, e) / (1 + e)"): _AT_ZERO,
    ("leaky_forward_backward", "e = np.exp(x)"): _DISCARDED,
    ("leaky_forward_backward", "e = np.exp(np.minimum(x, 1))"): _DISCARDED,
    (
        "leaky_forward_backward",
        "return (np.where(x >= 0, x, below), dout * np.where(x > 0, 1, slope))",
    ): _AT_ZERO,
}

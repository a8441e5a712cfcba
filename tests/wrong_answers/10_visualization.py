"""What students write in 10_visualization. The name of each function is the mistake."""

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import nn

from autograder.wrong_answers import wrong

# --- occlusion_map -------------------------------------------------------------------------------------------


@wrong("occlusion_map", says="return original minus covered")
def score_of_what_is_left(score, image, size, stride):
    _, h, w = image.shape
    tops, lefts = range(0, h - size + 1, stride), range(0, w - size + 1, stride)
    left_over = np.zeros((len(tops), len(lefts)))
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            covered = image.copy()
            covered[:, top : top + size, left : left + size] = 0
            left_over[i, j] = score(covered)
    return left_over


@wrong("occlusion_map", says="The sign is reversed")
def covered_minus_original(score, image, size, stride):
    _, h, w = image.shape
    tops, lefts = range(0, h - size + 1, stride), range(0, w - size + 1, stride)
    falls = np.zeros((len(tops), len(lefts)))
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            covered = image.copy()
            covered[:, top : top + size, left : left + size] = 0
            falls[i, j] = score(covered) - score(image)
    return falls


@wrong("occlusion_map", says="Your squares add up")
def covered_the_same_copy_again(score, image, size, stride):
    _, h, w = image.shape
    tops, lefts = range(0, h - size + 1, stride), range(0, w - size + 1, stride)
    falls = np.zeros((len(tops), len(lefts)))
    covered = image.copy()
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            covered[:, top : top + size, left : left + size] = 0
            falls[i, j] = score(image) - score(covered)
    return falls


@wrong("occlusion_map", says="changes its input `image` in place")
def covered_the_image_itself(score, image, size, stride):
    _, h, w = image.shape
    tops, lefts = range(0, h - size + 1, stride), range(0, w - size + 1, stride)
    falls = np.zeros((len(tops), len(lefts)))
    whole = score(image)
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            image[:, top : top + size, left : left + size] = 0
            falls[i, j] = whole - score(image)
    return falls


@wrong("occlusion_map", says="You cover one channel only")
def covered_one_channel(score, image, size, stride):
    _, h, w = image.shape
    tops, lefts = range(0, h - size + 1, stride), range(0, w - size + 1, stride)
    falls = np.zeros((len(tops), len(lefts)))
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            covered = image.copy()
            covered[0, top : top + size, left : left + size] = 0
            falls[i, j] = score(image) - score(covered)
    return falls


@wrong("occlusion_map", says="Your last squares hang over the edge")
def squares_that_hang_over_the_edge(score, image, size, stride):
    _, h, w = image.shape
    tops, lefts = range(0, h, stride), range(0, w, stride)
    falls = np.zeros((len(tops), len(lefts)))
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            covered = image.copy()
            covered[:, top : top + size, left : left + size] = 0
            falls[i, j] = score(image) - score(covered)
    return falls


@wrong("occlusion_map", says="The last squares are missing")
def last_square_missing(score, image, size, stride):
    _, h, w = image.shape
    tops, lefts = range(0, h - size, stride), range(0, w - size, stride)
    falls = np.zeros((len(tops), len(lefts)))
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            covered = image.copy()
            covered[:, top : top + size, left : left + size] = 0
            falls[i, j] = score(image) - score(covered)
    return falls


@wrong("occlusion_map", says="don't cut it off at 0")
def negative_falls_cut_off(score, image, size, stride):
    _, h, w = image.shape
    tops, lefts = range(0, h - size + 1, stride), range(0, w - size + 1, stride)
    falls = np.zeros((len(tops), len(lefts)))
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            covered = image.copy()
            covered[:, top : top + size, left : left + size] = 0
            falls[i, j] = max(0, score(image) - score(covered))
    return falls


@wrong("occlusion_map", says="cover with 0")
def covered_with_the_mean(score, image, size, stride):
    _, h, w = image.shape
    tops, lefts = range(0, h - size + 1, stride), range(0, w - size + 1, stride)
    falls = np.zeros((len(tops), len(lefts)))
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            covered = image.copy()
            covered[:, top : top + size, left : left + size] = image.mean()
            falls[i, j] = score(image) - score(covered)
    return falls


# --- saliency ------------------------------------------------------------------------------------------------


@wrong("saliency", says="take the score before the softmax")
def gradient_of_the_probability(net, image, label):
    x = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(net(x).softmax(dim=1)[0, label], x)
    return gradient[0].abs().amax(dim=0)


@wrong("saliency", says="That is the gradient of the loss")
def gradient_of_the_loss(net, image, label):
    x = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(nn.functional.cross_entropy(net(x), torch.tensor([label])), x)
    return gradient[0].abs().amax(dim=0)


@wrong("saliency", says="Take the magnitude first")
def maximum_without_magnitude(net, image, label):
    x = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(net(x)[0, label], x)
    return gradient[0].amax(dim=0)


@wrong("saliency", says="take each derivative's magnitude")
def magnitude_of_the_maximum(net, image, label):
    x = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(net(x)[0, label], x)
    return gradient[0].amax(dim=0).abs()


@wrong("saliency", says="You averaged the channels")
def mean_over_channels(net, image, label):
    x = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(net(x)[0, label], x)
    return gradient[0].abs().mean(dim=0)


@wrong("saliency", says="You left the batch in")
def batch_left_in(net, image, label):
    x = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(net(x)[0, label], x)
    return gradient.abs().amax(dim=1)


@wrong("saliency", says="You left the channels in")
def channels_left_in(net, image, label):
    x = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(net(x)[0, label], x)
    return gradient[0].abs()


@wrong("saliency", says="the sum of all scores")
def sum_of_all_scores(net, image, label):
    x = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(net(x).sum(), x)
    return gradient[0].abs().amax(dim=0)


@wrong("saliency", says="Your code raised")
def image_without_a_gradient(net, image, label):
    net(image)[0, label].backward()
    return image.grad[0].abs().amax(dim=0)


# --- relu_backward -------------------------------------------------------------------------------------------


@wrong("relu_backward", says="You swapped deconv and guided")
def deconv_and_guided_swapped(dout, x, rule):
    if rule == "plain":
        return dout * (x > 0)
    return dout * (dout > 0) if rule == "guided" else dout * (dout > 0) * (x > 0)


@wrong("relu_backward", says="Guided needs both masks")
def guided_without_the_forward_mask(dout, x, rule):
    return dout * (x > 0) if rule == "plain" else np.maximum(dout, 0)


@wrong("relu_backward", says="guided also needs a positive signal")
def guided_without_the_backward_mask(dout, x, rule):
    return np.maximum(dout, 0) if rule == "deconv" else dout * (x > 0)


@wrong("relu_backward", says="A ReLU whose input is 0 is off")
def on_at_zero(dout, x, rule):
    masks = {"plain": x >= 0, "deconv": dout > 0, "guided": (x >= 0) & (dout > 0)}
    return dout * masks[rule]


@wrong("relu_backward", says="You multiplied by the activation")
def multiplied_by_the_activation(dout, x, rule):
    if rule == "plain":
        return dout * np.maximum(x, 0)
    return np.maximum(dout, 0) * (1 if rule == "deconv" else x > 0)


@wrong("relu_backward", says="and, not or")
def either_mask(dout, x, rule):
    masks = {"plain": x > 0, "deconv": dout > 0, "guided": (x > 0) | (dout > 0)}
    return dout * masks[rule]


@wrong("relu_backward", says="changes its input `dout` in place")
def wrote_into_dout(dout, x, rule):
    if rule != "deconv":
        dout[x <= 0] = 0
    return dout if rule == "plain" else np.maximum(dout, 0)


# --- gradient_times_input ------------------------------------------------------------------------------------


@wrong("gradient_times_input", says="gradient alone")
def gradient_alone(net, image, label):
    x = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(net(x)[0, label], x)
    return gradient[0].sum(dim=0)


@wrong("gradient_times_input", says="what speaks against the class is negative")
def magnitudes(net, image, label):
    x = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(net(x)[0, label], x)
    return (image * gradient)[0].abs().sum(dim=0)


@wrong("gradient_times_input", says="You kept the largest channel")
def largest_channel(net, image, label):
    x = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(net(x)[0, label], x)
    return (image * gradient)[0].amax(dim=0)


@wrong("gradient_times_input", says="take the score before the softmax")
def contributions_to_the_probability(net, image, label):
    x = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(net(x).softmax(dim=1)[0, label], x)
    return (image * gradient)[0].sum(dim=0)


@wrong("gradient_times_input", says="Multiply first")
def added_channels_before_multiplying(net, image, label):
    x = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(net(x)[0, label], x)
    return image[0].sum(dim=0) * gradient[0].sum(dim=0)


@wrong("gradient_times_input", says="You left the channels in")
def contributions_of_each_channel(net, image, label):
    x = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(net(x)[0, label], x)
    return (image * gradient)[0]


# --- class_image ---------------------------------------------------------------------------------------------


@wrong("class_image", says="Your image makes the class less likely")
def descended(net, label, start, steps, rate, tame=None):
    x = start
    for _ in range(steps):
        x = x.detach().requires_grad_()
        (g,) = torch.autograd.grad(net(x)[0, label], x)
        x = x.detach() - rate * g / g.abs().mean()
        x = x if tame is None else tame(x, g)
    return x


@wrong("class_image", says="The gradient isn't normalised")
def not_normalised(net, label, start, steps, rate, tame=None):
    x = start
    for _ in range(steps):
        x = x.detach().requires_grad_()
        (g,) = torch.autograd.grad(net(x)[0, label], x)
        x = x.detach() + rate * g
        x = x if tame is None else tame(x, g)
    return x


@wrong("class_image", says="Your gradients add up")
def gradients_add_up(net, label, start, steps, rate, tame=None):
    x = start.clone().requires_grad_()
    for _ in range(steps):
        net(x)[0, label].backward()
        x.data = x.data + rate * x.grad / x.grad.abs().mean()
        if tame is not None:
            x.data = tame(x.data, x.grad)
    return x.detach()


@wrong("class_image", says="You never call tame")
def forgot_tame(net, label, start, steps, rate, tame=None):
    x = start
    for _ in range(steps):
        x = x.detach().requires_grad_()
        (g,) = torch.autograd.grad(net(x)[0, label], x)
        x = x.detach() + rate * g / g.abs().mean()
    return x


@wrong("class_image", says="You call tame once, at the end")
def tamed_once_at_the_end(net, label, start, steps, rate, tame=None):
    x = start
    for _ in range(steps):
        x = x.detach().requires_grad_()
        (g,) = torch.autograd.grad(net(x)[0, label], x)
        x = x.detach() + rate * g / g.abs().mean()
    return x if tame is None else tame(x, g)


@wrong("class_image", says="You tame the image before the step")
def tamed_before_the_step(net, label, start, steps, rate, tame=None):
    x = start
    for _ in range(steps):
        x = x.detach().requires_grad_()
        (g,) = torch.autograd.grad(net(x)[0, label], x)
        x = x.detach() if tame is None else tame(x.detach(), g)
        x = x + rate * g / g.abs().mean()
    return x


@wrong("class_image", says="You climb on the probability")
def climbed_on_the_log_probability(net, label, start, steps, rate, tame=None):
    x = start
    for _ in range(steps):
        x = x.detach().requires_grad_()
        (g,) = torch.autograd.grad(net(x).log_softmax(dim=1)[0, label], x)
        x = x.detach() + rate * g / g.abs().mean()
        x = x if tame is None else tame(x, g)
    return x


@wrong("class_image", says="You begin at zero")
def began_at_zero(net, label, start, steps, rate, tame=None):
    x = torch.zeros_like(start)
    for _ in range(steps):
        x = x.detach().requires_grad_()
        (g,) = torch.autograd.grad(net(x)[0, label], x)
        x = x.detach() + rate * g / g.abs().mean()
        x = x if tame is None else tame(x, g)
    return x


@wrong("class_image", says="not the right values")
def updated_the_weights_too(net, label, start, steps, rate, tame=None):
    x = start
    for _ in range(steps):
        x = x.detach().requires_grad_()
        net.zero_grad()
        net(x)[0, label].backward()
        with torch.no_grad():
            for parameter in net.parameters():
                if parameter.grad is not None:
                    parameter += 0.01 * parameter.grad
        g = x.grad
        x = x.detach() + rate * g / g.abs().mean()
        x = x if tame is None else tame(x, g)
    return x


# --- regularise ----------------------------------------------------------------------------------------------


@wrong("regularise", says="You kept the share that should go")
def multiplied_by_decay(x, g, decay=0.0, sigma=0.0, small=0.0, contribution=0.0):
    x = gaussian_filter((decay or 1.0) * x, (0, sigma, sigma), mode="nearest")
    norm = np.sqrt(np.sum(x**2, axis=0))
    x = x * (norm >= np.quantile(norm, small))
    share = np.abs(np.sum(x * g, axis=0))
    return x * (share >= np.quantile(share, contribution))


@wrong("regularise", says="You blur across the channels too")
def blurred_across_channels(x, g, decay=0.0, sigma=0.0, small=0.0, contribution=0.0):
    x = gaussian_filter((1 - decay) * x, sigma, mode="nearest")
    norm = np.sqrt(np.sum(x**2, axis=0))
    x = x * (norm >= np.quantile(norm, small))
    share = np.abs(np.sum(x * g, axis=0))
    return x * (share >= np.quantile(share, contribution))


@wrong("regularise", says="You dropped single colours")
def dropped_single_colours(x, g, decay=0.0, sigma=0.0, small=0.0, contribution=0.0):
    x = gaussian_filter((1 - decay) * x, (0, sigma, sigma), mode="nearest")
    x = x * (np.abs(x) >= np.quantile(np.abs(x), small))
    share = np.abs(np.sum(x * g, axis=0))
    return x * (share >= np.quantile(share, contribution))


@wrong("regularise", says="You dropped the large pixels")
def dropped_the_large_pixels(x, g, decay=0.0, sigma=0.0, small=0.0, contribution=0.0):
    x = gaussian_filter((1 - decay) * x, (0, sigma, sigma), mode="nearest")
    norm = np.sqrt(np.sum(x**2, axis=0))
    x = x * (norm < np.quantile(norm, small)) if small else x
    share = np.abs(np.sum(x * g, axis=0))
    return x * (share >= np.quantile(share, contribution))


@wrong("regularise", says="compare with the quantile")
def compared_with_the_share(x, g, decay=0.0, sigma=0.0, small=0.0, contribution=0.0):
    x = gaussian_filter((1 - decay) * x, (0, sigma, sigma), mode="nearest")
    x = x * (np.sqrt(np.sum(x**2, axis=0)) >= small)
    share = np.abs(np.sum(x * g, axis=0))
    return x * (share >= np.quantile(share, contribution))


@wrong("regularise", says="A large negative contribution is large")
def signed_contributions(x, g, decay=0.0, sigma=0.0, small=0.0, contribution=0.0):
    x = gaussian_filter((1 - decay) * x, (0, sigma, sigma), mode="nearest")
    norm = np.sqrt(np.sum(x**2, axis=0))
    x = x * (norm >= np.quantile(norm, small))
    share = np.sum(x * g, axis=0)
    return x * (share >= np.quantile(share, contribution))


@wrong("regularise", says="the order is small pixels, then contributions")
def contributions_first(x, g, decay=0.0, sigma=0.0, small=0.0, contribution=0.0):
    x = gaussian_filter((1 - decay) * x, (0, sigma, sigma), mode="nearest")
    share = np.abs(np.sum(x * g, axis=0))
    x = x * (share >= np.quantile(share, contribution))
    norm = np.sqrt(np.sum(x**2, axis=0))
    return x * (norm >= np.quantile(norm, small))


@wrong("regularise", says="changes its input `x` in place")
def shrank_the_input(x, g, decay=0.0, sigma=0.0, small=0.0, contribution=0.0):
    x *= 1 - decay
    x = gaussian_filter(x, (0, sigma, sigma), mode="nearest")
    norm = np.sqrt(np.sum(x**2, axis=0))
    x = x * (norm >= np.quantile(norm, small))
    share = np.abs(np.sum(x * g, axis=0))
    return x * (share >= np.quantile(share, contribution))


# --- deep_dream_step -----------------------------------------------------------------------------------------


@wrong("deep_dream_step", says="You climb on the sum of the activations")
def sum_of_activations(features, image, rate, shift=(0, 0)):
    x = image.roll(shift, dims=(2, 3)).requires_grad_()
    (g,) = torch.autograd.grad(features(x).sum(), x)
    x = x.detach() + rate * g / g.abs().mean()
    return x.roll((-shift[0], -shift[1]), dims=(2, 3))


@wrong("deep_dream_step", says="The features shrink")
def dream_descended(features, image, rate, shift=(0, 0)):
    x = image.roll(shift, dims=(2, 3)).requires_grad_()
    (g,) = torch.autograd.grad((features(x) ** 2).sum() / 2, x)
    x = x.detach() - rate * g / g.abs().mean()
    return x.roll((-shift[0], -shift[1]), dims=(2, 3))


@wrong("deep_dream_step", says="You didn't move the image back")
def not_moved_back(features, image, rate, shift=(0, 0)):
    x = image.roll(shift, dims=(2, 3)).requires_grad_()
    (g,) = torch.autograd.grad((features(x) ** 2).sum() / 2, x)
    return x.detach() + rate * g / g.abs().mean()


@wrong("deep_dream_step", says="You moved the image on instead of back")
def moved_on_instead_of_back(features, image, rate, shift=(0, 0)):
    x = image.roll(shift, dims=(2, 3)).requires_grad_()
    (g,) = torch.autograd.grad((features(x) ** 2).sum() / 2, x)
    return (x.detach() + rate * g / g.abs().mean()).roll(shift, dims=(2, 3))


@wrong("deep_dream_step", says="You didn't move the image before the step")
def never_moved(features, image, rate, shift=(0, 0)):
    x = image.clone().requires_grad_()
    (g,) = torch.autograd.grad((features(x) ** 2).sum() / 2, x)
    return x.detach() + rate * g / g.abs().mean()


@wrong("deep_dream_step", says="You swapped the two shifts")
def swapped_shifts(features, image, rate, shift=(0, 0)):
    down, right = shift
    x = image.roll((right, down), dims=(2, 3)).requires_grad_()
    (g,) = torch.autograd.grad((features(x) ** 2).sum() / 2, x)
    return (x.detach() + rate * g / g.abs().mean()).roll((-right, -down), dims=(2, 3))


@wrong("deep_dream_step", says="You returned the step alone")
def step_alone(features, image, rate, shift=(0, 0)):
    x = image.roll(shift, dims=(2, 3)).requires_grad_()
    (g,) = torch.autograd.grad((features(x) ** 2).sum() / 2, x)
    return (rate * g / g.abs().mean()).roll((-shift[0], -shift[1]), dims=(2, 3))


# --- fgsm ----------------------------------------------------------------------------------------------------


@wrong("fgsm", says="The loss falls")
def walked_down_the_loss(net, image, label, epsilon, low=0.0, high=1.0):
    x = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(nn.functional.cross_entropy(net(x), torch.tensor([label])), x)
    return torch.clamp(image - epsilon * gradient.sign(), low, high)


@wrong("fgsm", says="The sign is missing")
def without_the_sign(net, image, label, epsilon, low=0.0, high=1.0):
    x = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(nn.functional.cross_entropy(net(x), torch.tensor([label])), x)
    return torch.clamp(image + epsilon * gradient, low, high)


@wrong("fgsm", says="The result isn't cut")
def not_cut(net, image, label, epsilon, low=0.0, high=1.0):
    x = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(nn.functional.cross_entropy(net(x), torch.tensor([label])), x)
    return image + epsilon * gradient.sign()


@wrong("fgsm", says="You cut the change")
def cut_the_change(net, image, label, epsilon, low=0.0, high=1.0):
    x = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(nn.functional.cross_entropy(net(x), torch.tensor([label])), x)
    return image + torch.clamp(epsilon * gradient.sign(), low, high)


@wrong("fgsm", says="You walk up the score")
def walked_up_the_score(net, image, label, epsilon, low=0.0, high=1.0):
    x = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(net(x)[0, label], x)
    return torch.clamp(image + epsilon * gradient.sign(), low, high)


@wrong("fgsm", says="You walk down the score of the class alone")
def walked_down_the_score(net, image, label, epsilon, low=0.0, high=1.0):
    x = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(-net(x)[0, label], x)
    return torch.clamp(image + epsilon * gradient.sign(), low, high)


@wrong("fgsm", says="cut to low and high")
def cut_to_zero_and_one(net, image, label, epsilon, low=0.0, high=1.0):
    x = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(nn.functional.cross_entropy(net(x), torch.tensor([label])), x)
    return torch.clamp(image + epsilon * gradient.sign(), 0, 1)


@wrong("fgsm", says="leave it where it is")
def plus_or_minus_without_zero(net, image, label, epsilon, low=0.0, high=1.0):
    x = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(nn.functional.cross_entropy(net(x), torch.tensor([label])), x)
    return torch.clamp(image + epsilon * torch.where(gradient >= 0, 1.0, -1.0), low, high)


# --- pairwise_affinities -------------------------------------------------------------------------------------


@wrong("pairwise_affinities", says="You left out the symmetry")
def not_symmetric(X, perplexity):
    P = _conditional(X, np.log(perplexity))
    return P / len(X)


@wrong("pairwise_affinities", says="Those are the conditional probabilities")
def conditional_probabilities(X, perplexity):
    return _conditional(X, np.log(perplexity))


@wrong("pairwise_affinities", says="Your matrix sums to n")
def not_divided_by_n(X, perplexity):
    P = _conditional(X, np.log(perplexity))
    return (P + P.T) / 2


@wrong("pairwise_affinities", says="your logarithm of the perplexity in bits")
def binary_logarithm_of_the_perplexity(X, perplexity):
    P = _conditional(X, np.log2(perplexity))
    return (P + P.T) / (2 * len(X))


@wrong("pairwise_affinities", says="Your entropy is in bits")
def entropy_in_bits(X, perplexity):
    P = _conditional(X, np.log(perplexity) * np.log(2))
    return (P + P.T) / (2 * len(X))


@wrong("pairwise_affinities", says="A point is not its own neighbour")
def own_neighbour(X, perplexity):
    P = _conditional(X, np.log(perplexity), diagonal=0.0)
    return (P + P.T) / (2 * len(X))


@wrong("pairwise_affinities", says="Square the distances")
def distances_not_squared(X, perplexity):
    P = _conditional(X, np.log(perplexity), power=0.5)
    return (P + P.T) / (2 * len(X))


@wrong("pairwise_affinities", says="Everybody is everybody's neighbour")
def compared_with_the_perplexity_itself(X, perplexity):
    P = _conditional(X, perplexity)
    return (P + P.T) / (2 * len(X))


@wrong("pairwise_affinities", says="one width for all")
def one_width_for_all(X, perplexity):
    P = np.exp(-np.sum((X[:, None] - X) ** 2, axis=2) / 2)
    np.fill_diagonal(P, 0)
    P = P / P.sum(axis=1, keepdims=True)
    return (P + P.T) / (2 * len(X))


@wrong("pairwise_affinities", says="subtract each row's smallest distance")
def underflow(X, perplexity):
    D = np.sum((X[:, None] - X) ** 2, axis=2)
    np.fill_diagonal(D, np.inf)
    low, high = np.full((len(X), 1), -50.0), np.full((len(X), 1), 50.0)
    for _ in range(100):
        middle = (low + high) / 2
        P = np.exp(-np.exp(middle) * D)
        P = P / np.sum(P, axis=1)[:, None]
        H = -np.sum(P * np.log(np.maximum(P, 1e-300)), axis=1)[:, None]
        narrow = np.log(perplexity) > H
        low, high = np.where(narrow, low, middle), np.where(narrow, middle, high)
    return (P + P.T) / (2 * len(X))


def _conditional(X, entropy, diagonal=np.inf, power=1.0):
    D = np.sum((X[:, None] - X) ** 2, axis=2) ** power
    np.fill_diagonal(D, diagonal)
    D = D - np.min(D, axis=1)[:, None]
    low, high = np.full((len(X), 1), -50.0), np.full((len(X), 1), 50.0)
    for _ in range(100):
        middle = (low + high) / 2
        P = np.exp(-np.exp(middle) * D)
        P = P / np.sum(P, axis=1)[:, None]
        H = -np.sum(P * np.log(np.maximum(P, 1e-300)), axis=1)[:, None]
        low, high = np.where(entropy < H, middle, low), np.where(entropy < H, high, middle)
    return P


# --- tsne_gradient -------------------------------------------------------------------------------------------


@wrong("tsne_gradient", says="four times too small")
def without_the_four(P, Y):
    differences = Y[:, None] - Y
    W = 1 / (1 + np.sum(differences**2, axis=2))
    np.fill_diagonal(W, 0)
    return np.sum(((P - W / np.sum(W)) * W)[:, :, None] * differences, axis=1)


@wrong("tsne_gradient", says="You used a Gaussian on the map")
def gaussian_on_the_map(P, Y):
    differences = Y[:, None] - Y
    W = np.exp(-np.sum(differences**2, axis=2))
    np.fill_diagonal(W, 0)
    return 4 * np.sum((P - W / np.sum(W))[:, :, None] * differences, axis=1)


@wrong("tsne_gradient", says="The factor w in each term is missing")
def without_w_in_each_term(P, Y):
    differences = Y[:, None] - Y
    W = 1 / (1 + np.sum(differences**2, axis=2))
    np.fill_diagonal(W, 0)
    return 4 * np.sum((P - W / np.sum(W))[:, :, None] * differences, axis=1)


@wrong("tsne_gradient", says="a point is not its own neighbour")
def diagonal_counts(P, Y):
    differences = Y[:, None] - Y
    W = 1 / (1 + np.sum(differences**2, axis=2))
    return 4 * np.sum(((P - W / np.sum(W)) * W)[:, :, None] * differences, axis=1)


@wrong("tsne_gradient", says="not row by row")
def normalised_row_by_row(P, Y):
    differences = Y[:, None] - Y
    W = 1 / (1 + np.sum(differences**2, axis=2))
    np.fill_diagonal(W, 0)
    Q = W / np.sum(W, axis=1, keepdims=True)
    return 4 * np.sum(((P - Q) * W)[:, :, None] * differences, axis=1)


@wrong("tsne_gradient", says="The sign is reversed")
def q_minus_p(P, Y):
    differences = Y[:, None] - Y
    W = 1 / (1 + np.sum(differences**2, axis=2))
    np.fill_diagonal(W, 0)
    return 4 * np.sum(((W / np.sum(W) - P) * W)[:, :, None] * differences, axis=1)


@wrong("tsne_gradient", says="You took distances that aren't squared")
def root_of_the_distances(P, Y):
    differences = Y[:, None] - Y
    W = 1 / (1 + np.sqrt(np.sum(differences**2, axis=2)))
    np.fill_diagonal(W, 0)
    return 4 * np.sum(((P - W / np.sum(W)) * W)[:, :, None] * differences, axis=1)


# --- dbscan --------------------------------------------------------------------------------------------------


@wrong("dbscan", says="it joins but doesn't recruit")
def border_points_recruit(X, eps, min_points):
    near = np.sum((X[:, None] - X) ** 2, axis=2) <= eps**2
    core = np.sum(near, axis=1) >= min_points
    labels = np.full(len(X), -1)
    cluster = 0
    for start in range(len(X)):
        if core[start] and labels[start] == -1:
            labels[start] = cluster
            waiting = [start]
            while waiting:
                for other in np.flatnonzero(near[waiting.pop()] & (labels == -1)):
                    labels[other] = cluster
                    waiting.append(other)
            cluster += 1
    return labels


@wrong("dbscan", says="A point counts among its own neighbours")
def point_itself_not_counted(X, eps, min_points):
    near = np.sum((X[:, None] - X) ** 2, axis=2) <= eps**2
    core = np.sum(near, axis=1) - 1 >= min_points
    return _grown(near, core)


@wrong("dbscan", says="Noise is −1, not 0")
def noise_is_cluster_zero(X, eps, min_points):
    near = np.sum((X[:, None] - X) ** 2, axis=2) <= eps**2
    return np.maximum(_grown(near, np.sum(near, axis=1) >= min_points), 0)


@wrong("dbscan", says="clusters count from 0")
def clusters_from_one(X, eps, min_points):
    near = np.sum((X[:, None] - X) ** 2, axis=2) <= eps**2
    return _grown(near, np.sum(near, axis=1) >= min_points) + 1


@wrong("dbscan", says="they aren't noise")
def border_points_are_noise(X, eps, min_points):
    near = np.sum((X[:, None] - X) ** 2, axis=2) <= eps**2
    core = np.sum(near, axis=1) >= min_points
    return np.where(core, _grown(near, core), -1)


@wrong("dbscan", says="left it as noise")
def visited_points_stay_noise(X, eps, min_points):
    near = np.sum((X[:, None] - X) ** 2, axis=2) <= eps**2
    core = np.sum(near, axis=1) >= min_points
    labels, visited, cluster = np.full(len(X), -1), np.zeros(len(X), bool), 0
    for start in range(len(X)):
        if visited[start]:
            continue
        visited[start] = True
        if not core[start]:
            continue
        labels[start] = cluster
        waiting = [start]
        while waiting:
            for other in np.flatnonzero(near[waiting.pop()] & ~visited):
                visited[other] = True
                labels[other] = cluster
                if core[other]:
                    waiting.append(other)
        cluster += 1
    return labels


@wrong("dbscan", says="A distance of exactly eps is within eps")
def strictly_within(X, eps, min_points):
    near = np.sum((X[:, None] - X) ** 2, axis=2) < eps**2
    return _grown(near, np.sum(near, axis=1) >= min_points)


@wrong("dbscan", says="You compare squared distances with eps")
def eps_not_squared(X, eps, min_points):
    near = np.sum((X[:, None] - X) ** 2, axis=2) <= eps
    return _grown(near, np.sum(near, axis=1) >= min_points)


@wrong("dbscan", says="You stop after the neighbours of the first core point")
def neighbours_of_the_first_only(X, eps, min_points):
    near = np.sum((X[:, None] - X) ** 2, axis=2) <= eps**2
    core = np.sum(near, axis=1) >= min_points
    labels, cluster = np.full(len(X), -1), 0
    for start in range(len(X)):
        if core[start] and labels[start] == -1:
            labels[near[start] & (labels == -1)] = cluster
            cluster += 1
    return labels


@wrong("dbscan", says="belongs to the one that was found first")
def last_cluster_wins(X, eps, min_points):
    near = np.sum((X[:, None] - X) ** 2, axis=2) <= eps**2
    core = np.sum(near, axis=1) >= min_points
    labels = np.where(core, _grown(near, core), -1)
    return np.array([labels[i] if core[i] else labels[near[i]].max() for i in range(len(X))])


def _grown(near, core):
    labels, cluster = np.full(len(core), -1), 0
    for start in range(len(core)):
        if core[start] and labels[start] == -1:
            labels[start] = cluster
            waiting = [start]
            while waiting:
                for other in np.flatnonzero(near[waiting.pop()] & (labels == -1)):
                    labels[other] = cluster
                    if core[other]:
                        waiting.append(other)
            cluster += 1
    return labels


# --- changes to a solution that change nothing ---------------------------------------------------------------

_FILLED = "every entry is written before it is read"
_FLAG = "the same values; only the flag of the caller's own tensor changes, and the checks hand over a copy"
_BATCH = "a batch of one: the first is the last"
_ORDER = "the order of the pixels, and so the quantile's place among them, stays the same"
_NORMALISED = "a constant factor drops out when the gradient is divided by its mean magnitude"
_AXES = "the same axis or entry, counted from the other end"
_SYMMETRIC = "distances are symmetric: rows and columns are the same"
_MET = "after a hundred halvings the bounds have met, far below rounding"
_BROADCAST = "both bounds begin as constants and broadcast to the same numbers"
_BOUNDS = "any bounds that hold every β between them will do"
_TINY = "what is cut off is far below rounding"

EQUIVALENT_MUTANTS = {
    ("occlusion_map", "falls = np.ones((len(tops), len(lefts)))"): _FILLED,
    ("saliency", "x = image.requires_grad_()"): _FLAG,
    ("saliency", "gradient, = torch.autograd.grad(net(x)[-1, label], x)"): _BATCH,
    ("saliency", "return gradient[-1].abs().amax(dim=0)"): _BATCH,
    (
        "relu_backward",
        "was_on, excites = (x > 0, dout >= 0)",
    ): "a signal of 0 stays 0, whichever side it is counted on",
    ("gradient_times_input", "x = image.requires_grad_()"): _FLAG,
    ("gradient_times_input", "gradient, = torch.autograd.grad(net(x)[-1, label], x)"): _BATCH,
    ("gradient_times_input", "return (image * gradient)[-1].sum(dim=0)"): _BATCH,
    ("class_image", "x = x.requires_grad_()"): _FLAG,
    ("class_image", "g, = torch.autograd.grad(net(x)[-1, label], x)"): _BATCH,
    ("regularise", "norm = np.sum(x ** 2, axis=0)"): _ORDER,
    (
        "regularise",
        "x = gaussian_filter((1 - decay) * x, (-1, sigma, sigma), mode='nearest')",
    ): "SciPy doesn't blur along an axis whose sigma isn't positive",
    ("regularise", "norm = np.sqrt(np.mean(x ** 2, axis=0))"): _ORDER,
    ("regularise", "share = np.abs(np.mean(x * g, axis=0))"): _ORDER,
    ("deep_dream_step", "g, = torch.autograd.grad((features(x) ** 2).sum() * 2, x)"): _NORMALISED,
    ("deep_dream_step", "g, = torch.autograd.grad((features(x) ** 2).sum(), x)"): _NORMALISED,
    ("deep_dream_step", "g, = torch.autograd.grad((features(x) ** 2).sum() / 1, x)"): _NORMALISED,
    ("deep_dream_step", "g, = torch.autograd.grad((features(x) ** 2).sum() / 3, x)"): _NORMALISED,
    ("deep_dream_step", "g, = torch.autograd.grad((features(x) ** 2).mean() / 2, x)"): _NORMALISED,
    ("deep_dream_step", "return x.roll((-shift[0], -shift[1]), dims=(-2, 3))"): _AXES,
    ("deep_dream_step", "return x.roll((-shift[0], -shift[-1]), dims=(2, 3))"): _AXES,
    ("deep_dream_step", "x = image.roll(shift, dims=(-2, 3)).requires_grad_()"): _AXES,
    ("fgsm", "x = image.requires_grad_()"): _FLAG,
    ("pairwise_affinities", "for _ in range(100 - 1):"): _MET,
    ("pairwise_affinities", "for _ in range(100 + 1):"): _MET,
    (
        "pairwise_affinities",
        "D = np.mean((X[:, None] - X) ** 2, axis=2)",
    ): "a factor on all distances is made up for by β",
    ("pairwise_affinities", "for _ in range(99):"): _MET,
    ("pairwise_affinities", "for _ in range(101):"): _MET,
    ("pairwise_affinities", "wide = np.log(perplexity) <= H"): _MET,
    ("pairwise_affinities", "D = np.sum((X - X[:, None]) ** 2, axis=2)"): _SYMMETRIC,
    ("pairwise_affinities", "low, high = (np.full((1, n), -50.0), np.full((n, 1), 50.0))"): _BROADCAST,
    ("pairwise_affinities", "low, high = (np.full((n, 1), -50.0), np.full((1, n), 50.0))"): _BROADCAST,
    ("pairwise_affinities", "low, high = (np.full((n, 1), -50.0), np.full((n, 1), 5000000.0))"): _BOUNDS,
    ("pairwise_affinities", "low, high = (np.full((n, 1), -50.0), np.full((n, 1), 100.0))"): _BOUNDS,
    ("pairwise_affinities", "low, high = (np.full((n, 1), -50.0), np.full((n, 1), 25.0))"): _BOUNDS,
    ("pairwise_affinities", "low, high = (np.full((n, 1), -100.0), np.full((n, 1), 50.0))"): _BOUNDS,
    ("pairwise_affinities", "low, high = (np.full((n, 1), -25.0), np.full((n, 1), 50.0))"): _BOUNDS,
    ("pairwise_affinities", "D = D - np.min(D, axis=0)[:, None]"): _SYMMETRIC,
    ("pairwise_affinities", "D = D - np.min(D, axis=-1)[:, None]"): _AXES,
    ("pairwise_affinities", "P = P / np.sum(P, axis=-1)[:, None]"): _AXES,
    ("pairwise_affinities", "H = -np.sum(P * np.log(np.maximum(P, 1e-300)), axis=-1)[:, None]"): _AXES,
    ("pairwise_affinities", "H = -np.sum(P * np.log(np.maximum(P, 1e-295)), axis=1)[:, None]"): _TINY,
    ("pairwise_affinities", "H = -np.sum(P * np.log(np.maximum(P, 5e-301)), axis=1)[:, None]"): _TINY,
    (
        "pairwise_affinities",
        "H = -np.sum(P * np.log(np.maximum(P, 1.0000000000000001e-305)), axis=1)[:, None]",
    ): _TINY,
    ("pairwise_affinities", "H = -np.sum(P * np.log(np.maximum(P, 2e-300)), axis=1)[:, None]"): _TINY,
    ("dbscan", "near = np.sum((X - X[:, None]) ** 2, axis=2) <= eps ** 2"): _SYMMETRIC,
    ("dbscan", "core = np.sum(near, axis=0) >= min_points"): _SYMMETRIC,
    ("dbscan", "core = np.sum(near, axis=-1) >= min_points"): _AXES,
}

"""What students write in 07_cnns. The name of each function is the mistake."""

import numpy as np
from torch import nn

from autograder.wrong_answers import wrong
from course_utils import convolution

# --- correlate2d ---------------------------------------------------------------------------------------------


@wrong("correlate2d", says="You turned the kernel")
def convolved(image, kernel):
    return convolution.convolve2d(image, kernel)


@wrong("correlate2d", says="A row and a column are missing")
def forgot_the_last_place(image, kernel):
    a, b = kernel.shape
    answer = np.zeros((image.shape[0] - a, image.shape[1] - b))
    for x, y in np.ndindex(answer.shape):
        answer[x, y] = np.sum(kernel * image[x : x + a, y : y + b])
    return answer


@wrong("correlate2d", says="You averaged the products")
def mean_of_the_products(image, kernel):
    a, b = kernel.shape
    answer = np.zeros((image.shape[0] - a + 1, image.shape[1] - b + 1))
    for x, y in np.ndindex(answer.shape):
        answer[x, y] = np.mean(kernel * image[x : x + a, y : y + b])
    return answer


@wrong("correlate2d", says="as large as the image")
def padded_to_the_image_size(image, kernel):
    return convolution.correlate2d(image, kernel, mode="same")


@wrong("correlate2d", says="raised a ValueError")
def rows_and_columns_swapped(image, kernel):
    a, b = kernel.shape
    answer = np.zeros((image.shape[0] - a + 1, image.shape[1] - b + 1))
    for x, y in np.ndindex(answer.shape):
        answer[x, y] = np.sum(kernel * image[x : x + b, y : y + a])
    return answer


# --- convolve2d ----------------------------------------------------------------------------------------------


@wrong("convolve2d", says="This is the correlation")
def kernel_not_turned(image, kernel):
    return convolution.correlate2d(image, kernel)


@wrong("convolve2d", says="You turned the kernel's rows only")
def turned_rows_only(image, kernel):
    return convolution.correlate2d(image, kernel[::-1])


@wrong("convolve2d", says="You turned the kernel's columns only")
def turned_columns_only(image, kernel):
    return convolution.correlate2d(image, kernel[:, ::-1])


@wrong("convolve2d", says="every place where kernel and image overlap")
def every_overlap(image, kernel):
    return convolution.convolve2d(image, kernel, mode="full")


@wrong("convolve2d", says="as large as the image")
def size_of_the_image(image, kernel):
    return convolution.convolve2d(image, kernel, mode="same")


# --- conv_output_size ----------------------------------------------------------------------------------------


@wrong("conv_output_size", says="the filter also stops at its start")
def forgot_plus_one(W, F, S, P):
    if (W - F + 2 * P) % S or W - F + 2 * P < 0:
        raise ValueError("does not fit")
    return (W - F + 2 * P) // S


@wrong("conv_output_size", says="Padding is added on both sides")
def padding_once(W, F, S, P):
    if (W - F + P) % S or W - F + P < 0:
        raise ValueError("does not fit")
    return (W - F + P) // S + 1


@wrong("conv_output_size", says="returns a rounded size")
def rounds_down(W, F, S, P):
    return (W - F + 2 * P) // S + 1


@wrong("conv_output_size", says="Your answer is a float")
def returns_a_float(W, F, S, P):
    size = (W - F + 2 * P) / S + 1
    if size != int(size) or size < 1:
        raise ValueError("does not fit")
    return size


@wrong("conv_output_size", says="The filter is larger than the padded input")
def larger_filters_pass(W, F, S, P):
    if (W - F + 2 * P) % S:
        raise ValueError("does not fit")
    return (W - F + 2 * P) // S + 1


@wrong("conv_output_size", says="raised an AssertionError")
def asserts_instead(W, F, S, P):
    assert (W - F + 2 * P) % S == 0
    assert W - F + 2 * P >= 0
    return (W - F + 2 * P) // S + 1


@wrong("conv_output_size", says="added after the division")
def one_added_before_the_division(W, F, S, P):
    if (W - F + 2 * P) % S or W - F + 2 * P < 0:
        raise ValueError("does not fit")
    return (W - F + 2 * P + 1) / S


# --- conv_parameter_count ------------------------------------------------------------------------------------


@wrong("conv_parameter_count", says="not one for the whole layer")
def one_bias_for_all(n, m, R, K):
    return n * m * R * K + 1


@wrong("conv_parameter_count", says="not one for each map that it reads")
def bias_for_each_input_map(n, m, R, K):
    return (n * m + 1) * R * K


@wrong("conv_parameter_count", says="The biases are missing")
def no_biases(n, m, R, K):
    return n * m * R * K


@wrong("conv_parameter_count", says="reads all R maps")
def maps_share_their_weights(n, m, R, K):
    return (n * m + 1) * K


@wrong("conv_parameter_count", says="they have m columns")
def square_filters(n, m, R, K):
    return (n * n * R + 1) * K


# --- conv2d_naive --------------------------------------------------------------------------------------------


@wrong("conv2d_naive", says="your windows still move by 1")
def window_starts_at_i(x, w, b, stride, padding):
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    k, _, rows, columns = w.shape
    height, width = (x.shape[2] - rows) // stride + 1, (x.shape[3] - columns) // stride + 1
    y = np.zeros((len(x), k, height, width))
    for i, j in np.ndindex(height, width):
        y[:, :, i, j] = np.sum(x[:, None, :, i : i + rows, j : j + columns] * w, axis=(2, 3, 4)) + b
    return y


@wrong("conv2d_naive", says="stands inside the sum")
def bias_inside_the_sum(x, w, b, stride, padding):
    times = w.shape[1] * w.shape[2] * w.shape[3]
    return convolution.conv2d(x, w, times * b, stride, padding)


@wrong("conv2d_naive", says="once for each map")
def bias_for_each_map(x, w, b, stride, padding):
    return sum(
        convolution.conv2d(x[:, c : c + 1], w[:, c : c + 1], b, stride, padding) for c in range(x.shape[1])
    )


@wrong("conv2d_naive", says="The bias is missing")
def forgot_the_bias(x, w, b, stride, padding):
    return convolution.conv2d(x, w, None, stride, padding)


@wrong("conv2d_naive", says="raised a ValueError")
def height_and_width_swapped(x, w, b, stride, padding):
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    k, _, rows, columns = w.shape
    width, height = (x.shape[2] - rows) // stride + 1, (x.shape[3] - columns) // stride + 1
    y = np.zeros((len(x), k, height, width))
    for i, j in np.ndindex(height, width):
        window = x[:, None, :, i * stride : i * stride + rows, j * stride : j * stride + columns]
        y[:, :, i, j] = np.sum(window * w, axis=(2, 3, 4)) + b
    return y


@wrong("conv2d_naive", says="a convolutional layer correlates")
def filters_turned(x, w, b, stride, padding):
    return convolution.conv2d(x, w[:, :, ::-1, ::-1], b, stride, padding)


@wrong("conv2d_naive", says="The padding makes no difference")
def forgot_the_padding(x, w, b, stride, padding):
    x = np.asarray(x)
    k, _, rows, columns = w.shape
    height, width = (x.shape[2] - rows) // stride + 1, (x.shape[3] - columns) // stride + 1
    y = np.zeros((len(x), k, height, width))
    for i, j in np.ndindex(height, width):
        window = x[:, None, :, i * stride : i * stride + rows, j * stride : j * stride + columns]
        y[:, :, i, j] = np.sum(window * w, axis=(2, 3, 4)) + b
    return y


@wrong("conv2d_naive", says="Only the first map is read")
def first_map_only(x, w, b, stride, padding):
    return convolution.conv2d(x[:, :1], w[:, :1], b, stride, padding)


# --- im2col --------------------------------------------------------------------------------------------------


@wrong("im2col", says="Patches are your rows")
def patches_as_rows(x, F, S, P):
    return convolution.im2col(x, F, S, P).transpose(0, 2, 1)


@wrong("im2col", says="yours has the maps innermost")
def maps_innermost(x, F, S, P):
    x = np.pad(x, ((0, 0), (0, 0), (P, P), (P, P))).transpose(0, 2, 3, 1)
    tops, lefts = range(0, x.shape[1] - F + 1, S), range(0, x.shape[2] - F + 1, S)
    return np.stack([x[:, i : i + F, j : j + F].reshape(len(x), -1) for i in tops for j in lefts], axis=2)


@wrong("im2col", says="let the row be the outer loop")
def column_in_the_outer_loop(x, F, S, P):
    x = np.pad(x, ((0, 0), (0, 0), (P, P), (P, P)))
    tops, lefts = range(0, x.shape[2] - F + 1, S), range(0, x.shape[3] - F + 1, S)
    return np.stack([x[:, :, i : i + F, j : j + F].reshape(len(x), -1) for j in lefts for i in tops], axis=2)


@wrong("im2col", says="The stride makes no difference")
def forgot_the_stride(x, F, S, P):
    return convolution.im2col(x, F, 1, P)


@wrong("im2col", says="The padding makes no difference")
def no_padding(x, F, S, P):
    tops, lefts = range(0, x.shape[2] - F + 1, S), range(0, x.shape[3] - F + 1, S)
    return np.stack([x[:, :, i : i + F, j : j + F].reshape(len(x), -1) for i in tops for j in lefts], axis=2)


# --- conv2d_backward -----------------------------------------------------------------------------------------


@wrong("conv2d_backward", says="The padding is still on dx")
def padding_not_cut_off(dout, x, w, stride, padding):
    framed = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    return convolution.conv2d_backward(dout, framed, w, stride, 0)


@wrong("conv2d_backward", says="You turned the filter in dx")
def filter_turned_in_dx(dout, x, w, stride, padding):
    _, dw, db = convolution.conv2d_backward(dout, x, w, stride, padding)
    return convolution.conv2d_backward(dout, x, w[:, :, ::-1, ::-1], stride, padding)[0], dw, db


@wrong("conv2d_backward", says="You averaged over the batch")
def averaged_over_the_batch(dout, x, w, stride, padding):
    dx, dw, db = convolution.conv2d_backward(dout, x, w, stride, padding)
    return dx, dw / len(x), db / len(x)


@wrong("conv2d_backward", says="db is still one for each image")
def batch_not_summed_in_db(dout, x, w, stride, padding):
    dx, dw, _ = convolution.conv2d_backward(dout, x, w, stride, padding)
    return dx, dw, dout.sum(axis=(2, 3))


@wrong("conv2d_backward", says="Windows overlap: add to dx")
def overlaps_overwritten(dout, x, w, stride, padding):
    framed = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    dx, (rows, columns) = np.zeros_like(framed), w.shape[2:]
    for i, j in np.ndindex(dout.shape[2:]):
        top, left = i * stride, j * stride
        dx[:, :, top : top + rows, left : left + columns] = np.tensordot(dout[:, :, i, j], w, axes=1)
    _, dw, db = convolution.conv2d_backward(dout, x, w, stride, padding)
    return dx[:, :, padding : padding + x.shape[2], padding : padding + x.shape[3]], dw, db


@wrong("conv2d_backward", says="dw and db see the last image only")
def last_image_only(dout, x, w, stride, padding):
    dx, _, _ = convolution.conv2d_backward(dout, x, w, stride, padding)
    _, dw, db = convolution.conv2d_backward(dout[-1:], x[-1:], w, stride, padding)
    return dx, dw, db


@wrong("conv2d_backward", says="in the reverse order")
def reverse_order(dout, x, w, stride, padding):
    return convolution.conv2d_backward(dout, x, w, stride, padding)[::-1]


@wrong("conv2d_backward", says="raised a ValueError")
def dot_of_window_and_gradient(dout, x, w, stride, padding):
    dw = np.dot(x[0, 0], dout[0, 0])
    return np.zeros_like(x), dw, dout.sum(axis=(0, 2, 3))


# --- max_pool ------------------------------------------------------------------------------------------------


@wrong("max_pool", says="This is the average")
def average_pooling(x, size, stride):
    return convolution.avg_pool2d(x, size, stride)


@wrong("max_pool", says="Your maximum starts at 0")
def maximum_starts_at_zero(x, size, stride):
    return np.maximum(0, convolution.max_pool2d(x, size, stride))


@wrong("max_pool", says="Your windows move by their size")
def moves_by_its_size(x, size, stride):
    tops, lefts = range(0, x.shape[2], size), range(0, x.shape[3], size)
    pooled = [[x[:, :, i : i + size, j : j + size].max(axis=(2, 3)) for j in lefts] for i in tops]
    return np.array(pooled).transpose(2, 3, 0, 1)


@wrong("max_pool", says="Your windows move by 1")
def pool_window_starts_at_i(x, size, stride):
    height, width = (x.shape[2] - size) // stride + 1, (x.shape[3] - size) // stride + 1
    return convolution.max_pool2d(x, size, 1)[:, :, :height, :width]


@wrong("max_pool", says="You merged the maps")
def maps_merged(x, size, stride):
    return convolution.max_pool2d(x, size, stride).max(axis=1)


@wrong("max_pool", says="Your windows are as large as the stride")
def window_as_large_as_the_stride(x, size, stride):
    height, width = (x.shape[2] - size) // stride + 1, (x.shape[3] - size) // stride + 1
    return convolution.max_pool2d(x[:, :, : height * stride, : width * stride], stride)


# --- max_pool_backward ---------------------------------------------------------------------------------------


@wrong("max_pool_backward", says="Every one of the equal values")
def every_tied_maximum(dout, x, size, stride):
    dx = np.zeros_like(x)
    for i, j in np.ndindex(dout.shape[2:]):
        where = np.s_[:, :, i * stride : i * stride + size, j * stride : j * stride + size]
        largest = x[where] == x[where].max(axis=(2, 3), keepdims=True)
        dx[where] += largest * dout[:, :, i : i + 1, j : j + 1]
    return dx


@wrong("max_pool_backward", says="as average pooling does")
def spread_evenly(dout, x, size, stride):
    return convolution.avg_pool2d_backward(dout, x, size, stride)


@wrong("max_pool_backward", says="Only the first window gets gradient")
def return_inside_the_loop(dout, x, size, stride):
    only = np.zeros_like(dout)
    only[:, :, 0, 0] = dout[:, :, 0, 0]
    return convolution.max_pool2d_backward(only, x, size, stride)


@wrong("max_pool_backward", says="Windows overlap: add with +=")
def pool_overlaps_overwritten(dout, x, size, stride):
    dx = np.zeros_like(x)
    images, maps = np.indices(x.shape[:2])
    for i, j in np.ndindex(dout.shape[2:]):
        top, left = i * stride, j * stride
        window = x[:, :, top : top + size, left : left + size].reshape(*x.shape[:2], -1)
        row, column = np.divmod(window.argmax(axis=2), size)
        dx[images, maps, top + row, left + column] = dout[:, :, i, j]
    return dx


@wrong("max_pool_backward", says="Equal values share the gradient")
def shared_among_equals(dout, x, size, stride):
    dx = np.zeros_like(x)
    for i, j in np.ndindex(dout.shape[2:]):
        where = np.s_[:, :, i * stride : i * stride + size, j * stride : j * stride + size]
        largest = x[where] == x[where].max(axis=(2, 3), keepdims=True)
        dx[where] += largest / largest.sum(axis=(2, 3), keepdims=True) * dout[:, :, i : i + 1, j : j + 1]
    return dx


@wrong("max_pool_backward", says="multiplied by that value")
def times_the_value(dout, x, size, stride):
    return x * convolution.max_pool2d_backward(dout, x, size, stride)


# --- lenet ---------------------------------------------------------------------------------------------------


@wrong("lenet", says="raised a RuntimeError")
def padded_first_layer(channels, classes):
    return nn.Sequential(
        nn.Conv2d(channels, 6, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 120, 5),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, classes),
    )


@wrong("lenet", says="there is no ReLU in your network")
def no_relu_at_all(channels, classes):
    return nn.Sequential(
        nn.Conv2d(channels, 6, 5),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 120, 5),
        nn.Flatten(),
        nn.Linear(120, 84),
        nn.Linear(84, classes),
    )


@wrong("lenet", says="The ReLU between the two linear layers is missing")
def no_relu_between_the_linear_layers(channels, classes):
    return nn.Sequential(
        nn.Conv2d(channels, 6, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 120, 5),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(120, 84),
        nn.Linear(84, classes),
    )


@wrong("lenet", says="ends with a softmax")
def softmax_at_the_end(channels, classes):
    return nn.Sequential(
        nn.Conv2d(channels, 6, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 120, 5),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, classes),
        nn.Softmax(dim=1),
    )


@wrong("lenet", says="You average in the pooling layers")
def average_pools(channels, classes):
    return nn.Sequential(
        nn.Conv2d(channels, 6, 5),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Conv2d(16, 120, 5),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, classes),
    )


@wrong("lenet", says="one input map for each channel")
def one_channel_whatever_comes(channels, classes):
    return nn.Sequential(
        nn.Conv2d(1, 6, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 120, 5),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, classes),
    )


@wrong("lenet", says="five layers with weights and biases")
def one_linear_layer_only(channels, classes):
    return nn.Sequential(
        nn.Conv2d(channels, 6, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400, classes),
    )


@wrong("lenet", says="Your scores are rectified")
def scores_rectified(channels, classes):
    return nn.Sequential(
        nn.Conv2d(channels, 6, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 120, 5),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, classes),
        nn.ReLU(),
    )


# --- inception_parameters ------------------------------------------------------------------------------------


@wrong("inception_parameters", says="behind the pooling is missing")
def pooling_has_no_parameters(inputs, one, to_three, three, to_five, five, pooled):
    def conv(F, R, K):
        return (F * F * R + 1) * K

    return (
        conv(1, inputs, one)
        + conv(1, inputs, to_three)
        + conv(3, to_three, three)
        + conv(1, inputs, to_five)
        + conv(5, to_five, five)
    )


@wrong("inception_parameters", says="not all that come in")
def large_filters_read_the_input(inputs, one, to_three, three, to_five, five, pooled):
    def conv(F, K):
        return (F * F * inputs + 1) * K

    return conv(1, one + to_three + to_five + pooled) + conv(3, three) + conv(5, five)


@wrong("inception_parameters", says="The two bottlenecks")
def bottlenecks_not_counted(inputs, one, to_three, three, to_five, five, pooled):
    def conv(F, R, K):
        return (F * F * R + 1) * K

    return conv(1, inputs, one) + conv(3, to_three, three) + conv(5, to_five, five) + conv(1, inputs, pooled)


@wrong("inception_parameters", says="The biases are missing")
def without_biases(inputs, one, to_three, three, to_five, five, pooled):
    return inputs * (one + to_three + to_five + pooled) + 9 * to_three * three + 25 * to_five * five


@wrong("inception_parameters", says="is counted as 3 × 3")
def pooling_way_as_three_by_three(inputs, one, to_three, three, to_five, five, pooled):
    def conv(F, R, K):
        return (F * F * R + 1) * K

    ways = conv(1, inputs, one + to_three + to_five) + conv(3, inputs, pooled)
    return ways + conv(3, to_three, three) + conv(5, to_five, five)


# --- residual_block ------------------------------------------------------------------------------------------


@wrong("residual_block", says="You rectify before the sum")
def relu_before_the_sum(x, w1, w2, projection=None, stride=1):
    inner = np.maximum(0, convolution.conv2d(x, w1, None, stride, 1))
    correction = np.maximum(0, convolution.conv2d(inner, w2, None, 1, 1))
    return correction + (x if projection is None else convolution.conv2d(x, projection, None, stride))


@wrong("residual_block", says="The ReLU at the end is missing")
def no_relu_at_the_end(x, w1, w2, projection=None, stride=1):
    inner = np.maximum(0, convolution.conv2d(x, w1, None, stride, 1))
    correction = convolution.conv2d(inner, w2, None, 1, 1)
    return correction + (x if projection is None else convolution.conv2d(x, projection, None, stride))


@wrong("residual_block", says="The ReLU between the two convolutions is missing")
def no_relu_inside(x, w1, w2, projection=None, stride=1):
    correction = convolution.conv2d(convolution.conv2d(x, w1, None, stride, 1), w2, None, 1, 1)
    skip = x if projection is None else convolution.conv2d(x, projection, None, stride)
    return np.maximum(0, correction + skip)


@wrong("residual_block", says="The skip is missing")
def no_skip(x, w1, w2, projection=None, stride=1):
    inner = np.maximum(0, convolution.conv2d(x, w1, None, stride, 1))
    return np.maximum(0, convolution.conv2d(inner, w2, None, 1, 1))


@wrong("residual_block", says="raised a ValueError")
def skip_never_projected(x, w1, w2, projection=None, stride=1):
    inner = np.maximum(0, convolution.conv2d(x, w1, None, stride, 1))
    return np.maximum(0, convolution.conv2d(inner, w2, None, 1, 1) + x)


@wrong("residual_block", says="around the second convolution only")
def skip_around_the_second_convolution(x, w1, w2, projection=None, stride=1):
    inner = np.maximum(0, convolution.conv2d(x, w1, None, stride, 1))
    return np.maximum(0, convolution.conv2d(inner, w2, None, 1, 1) + inner)


# --- last_layer_only -----------------------------------------------------------------------------------------


@wrong("last_layer_only", says="Nothing learns")
def froze_after_replacing(net, classes):
    net[-1] = nn.Linear(net[-1].in_features, classes)
    net.requires_grad_(False)
    return net.eval()


@wrong("last_layer_only", says="batch norm still averages")
def left_in_training_mode(net, classes):
    net.requires_grad_(False)
    net[-1] = nn.Linear(net[-1].in_features, classes)
    return net


@wrong("last_layer_only", says="Nothing is frozen")
def froze_nothing(net, classes):
    net[-1] = nn.Linear(net[-1].in_features, classes)
    return net.eval()


@wrong("last_layer_only", says="freeze weights and biases of all")
def froze_weights_but_not_biases(net, classes):
    for name, parameter in net.named_parameters():
        if "weight" in name:
            parameter.requires_grad = False
    net[-1] = nn.Linear(net[-1].in_features, classes)
    return net.eval()


@wrong("last_layer_only", says="Return the whole network")
def returned_the_layer(net, classes):
    net.requires_grad_(False)
    net[-1] = nn.Linear(net[-1].in_features, classes)
    net.eval()
    return net[-1]


@wrong("last_layer_only", says="is a `return` missing")
def returned_nothing(net, classes):
    net.requires_grad_(False)
    net[-1] = nn.Linear(net[-1].in_features, classes)
    net.eval()


@wrong("last_layer_only", says="don't leave the old one in")
def appended_a_layer(net, classes):
    net.requires_grad_(False)
    net.append(nn.Linear(net[-1].out_features, classes))
    return net.eval()


@wrong("last_layer_only", says="The early layers lost what they had learned")
def reset_everything(net, classes):
    for layer in net:
        if hasattr(layer, "reset_parameters"):
            layer.reset_parameters()
    net.requires_grad_(False)
    net[-1] = nn.Linear(net[-1].in_features, classes)
    return net.eval()


# --- changes to a solution that change nothing ---------------------------------------------------------------

_FILLED = "every entry is assigned in the loop, whatever stood there"
_TWO_AXES = "the image has two axes: the last is the second"
_FOUR_AXES = "the array has four axes, so counting from the end names the same ones"
_ANY_NEGATIVE = "NumPy works out the length of an axis from any negative number"
_SQUARED = "F is squared"
_COMMUTES = "ReLU doesn't change which value is the largest, nor does it depend on the array's shape"

_SIZE = "(image.shape[0] - a + 1, image.shape[1] - b + 1)"
_BACK = "image.shape[0] - a + 1, image.shape[-1] - b + 1"
_PATCHES = "patches = [x[:, :, i:i + F, j:j + F].reshape(len(x), -2) for i in tops for j in lefts]"
_WINDOW = "x[:, :, top:top + size, left:left + size]"
_WAY = "conv(1, inputs, one) + way_three + way_five + conv(1, inputs, pooled)"
_NET = (
    "return nn.Sequential(nn.Conv2d(channels, 6, 5), {}, nn.Conv2d(6, 16, 5), {}, nn.Conv2d(16, 120, 5), {}, "
    "nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, classes))"
)
_AS_IS, _SWAPPED = "nn.ReLU(), nn.MaxPool2d(2)", "nn.MaxPool2d(2), nn.ReLU()"
_FLAT, _SWAPPED_FLAT = "nn.ReLU(), nn.Flatten()", "nn.Flatten(), nn.ReLU()"
_POOLED = "y = np.ones((n, c, (height - size) // stride + 1, (width - size) // stride + 1))"

EQUIVALENT_MUTANTS = {
    ("correlate2d", f"answer = np.ones({_SIZE})"): _FILLED,
    ("correlate2d", f"answer = np.zeros(({_BACK}))"): _TWO_AXES,
    ("convolve2d", f"M, N = ({_BACK})"): _TWO_AXES,
    ("conv2d_naive", "y = np.ones((len(x), k, height, width))"): _FILLED,
    ("conv2d_naive", "height = (x.shape[-2] - rows) // stride + 1"): _FOUR_AXES,
    ("im2col", _PATCHES): _ANY_NEGATIVE,
    ("im2col", "tops = range(0, x.shape[-2] - F + 1, S)"): _FOUR_AXES,
    ("conv2d_backward", "rows, columns = w.shape[-2:]"): _FOUR_AXES,
    ("conv2d_backward", "height, width = x.shape[-2:]"): _FOUR_AXES,
    ("conv2d_backward", "for i, j in np.ndindex(dout.shape[-2:]):"): _FOUR_AXES,
    ("conv2d_backward", "return (dx, dw, np.sum(dout, axis=(0, -2, 3)))"): _FOUR_AXES,
    ("max_pool", _POOLED): _FILLED,
    ("max_pool", "for i, j in np.ndindex(y.shape[-2:]):"): _FOUR_AXES,
    ("max_pool", f"y[:, :, i, j] = {_WINDOW}.max(axis=(3, 2))"): "both axes are reduced, in any order",
    ("max_pool", f"y[:, :, i, j] = {_WINDOW}.max(axis=(-2, 3))"): _FOUR_AXES,
    ("max_pool_backward", "images, maps = np.indices(x.shape[:-2])"): _FOUR_AXES,
    ("max_pool_backward", "for i, j in np.ndindex(dout.shape[-2:]):"): _FOUR_AXES,
    (
        "max_pool_backward",
        "row, column = np.divmod(window.reshape(*x.shape[:2], -2).argmax(axis=2), size)",
    ): _ANY_NEGATIVE,
    (
        "max_pool_backward",
        "row, column = np.divmod(window.reshape(*x.shape[:-2], -1).argmax(axis=2), size)",
    ): _FOUR_AXES,
    ("lenet", _NET.format(_SWAPPED, _AS_IS, _FLAT)): _COMMUTES,
    ("lenet", _NET.format(_AS_IS, _SWAPPED, _FLAT)): _COMMUTES,
    ("lenet", _NET.format(_AS_IS, _AS_IS, _SWAPPED_FLAT)): _COMMUTES,
    (
        "inception_parameters",
        "way_three = conv(-1, inputs, to_three) + conv(3, to_three, three)",
    ): _SQUARED,
    (
        "inception_parameters",
        "way_three = conv(1, inputs, to_three) + conv(-3, to_three, three)",
    ): _SQUARED,
    ("inception_parameters", "way_five = conv(-1, inputs, to_five) + conv(5, to_five, five)"): _SQUARED,
    ("inception_parameters", "way_five = conv(1, inputs, to_five) + conv(-5, to_five, five)"): _SQUARED,
    (
        "inception_parameters",
        "return " + _WAY.replace("conv(1, inputs, one)", "conv(-1, inputs, one)"),
    ): _SQUARED,
    (
        "inception_parameters",
        "return " + _WAY.replace("conv(1, inputs, pooled)", "conv(-1, inputs, pooled)"),
    ): _SQUARED,
}

"""What students write in 00_start_here. The name of each function is the mistake."""

import numpy as np

from autograder.wrong_answers import wrong

# --- mean_of -------------------------------------------------------------------------------------------------


@wrong("mean_of", says="did you take a sum where a mean is asked?")
def sum_instead_of_mean(values):
    return np.sum(values)


@wrong("mean_of", says="You divided by n − 1")
def divided_by_one_less(values):
    return np.sum(values) / (len(values) - 1)


@wrong("mean_of", says="That is the median")
def median_instead_of_mean(values):
    return np.median(values)


@wrong("mean_of", says="is a `return` missing?")
def forgot_to_return(values):
    print(np.sum(values) / len(values))


@wrong("mean_of", says="as in the worked example")
def divided_by_the_examples_three(values):
    return np.sum(values) / 3


@wrong("mean_of", says="halfway between the smallest and the largest")
def middle_of_the_range(values):
    return (values.min() + values.max()) / 2


@wrong("mean_of", says="keeps the signs")
def mean_of_absolute_values(values):
    return np.mean(np.abs(values))

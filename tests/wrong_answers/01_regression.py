"""What students write in 01_regression. The name of each function is the mistake."""

import numpy as np

from autograder.wrong_answers import wrong
from course_utils import regression

# --- empirical_risk ------------------------------------------------------------------------------------------


@wrong("empirical_risk", says="did you take a sum where a mean is asked?")
def sum_instead_of_mean(predictions, targets):
    return np.sum((predictions - targets) ** 2)


@wrong("empirical_risk", says="You took the absolute errors")
def absolute_errors(predictions, targets):
    return np.mean(np.abs(predictions - targets))


@wrong("empirical_risk", says="You averaged before squaring")
def averaged_before_squaring(predictions, targets):
    return np.mean(predictions - targets) ** 2


@wrong("empirical_risk", says="You took the root at the end")
def root_at_the_end(predictions, targets):
    return np.sqrt(np.mean((predictions - targets) ** 2))


@wrong("empirical_risk", says="half the right one")
def half_the_square(predictions, targets):
    return np.mean((predictions - targets) ** 2) / 2


@wrong("empirical_risk", says="its mean is missing")
def squares_not_averaged(predictions, targets):
    return (predictions - targets) ** 2


@wrong("empirical_risk", says="is a `return` missing?")
def forgot_to_return(predictions, targets):
    risk = np.mean((predictions - targets) ** 2)
    print(risk)


@wrong("empirical_risk", says="changes its input `predictions` in place")
def changed_the_input(predictions, targets):
    predictions -= targets
    return np.mean(predictions**2)


# --- fit_line ------------------------------------------------------------------------------------------------


@wrong("fit_line", says="use one divisor for both")
def mixed_divisors(x, y):
    a = np.cov(x, y)[0, 1] / np.var(x)
    return a, y.mean() - a * x.mean()


@wrong("fit_line", says="subtract slope times the mean of x")
def intercept_is_the_mean(x, y):
    a = np.sum((x - x.mean()) * (y - y.mean())) / np.sum((x - x.mean()) ** 2)
    return a, y.mean()


@wrong("fit_line", says="You fitted x from y")
def fitted_x_from_y(x, y):
    a = np.sum((x - x.mean()) * (y - y.mean())) / np.sum((y - y.mean()) ** 2)
    return a, y.mean() - a * x.mean()


@wrong("fit_line", says="in the reverse order")
def intercept_first(x, y):
    a, b = np.polyfit(x, y, 1)
    return b, a


@wrong("fit_line", says="through the origin")
def through_the_origin(x, y):
    a = np.sum(x * y) / np.sum(x * x)
    return a, y.mean() - a * x.mean()


@wrong("fit_line", says="that slope is the correlation")
def correlation_as_slope(x, y):
    a = np.corrcoef(x, y)[0, 1]
    return a, y.mean() - a * x.mean()


# --- fit_least_squares ---------------------------------------------------------------------------------------


@wrong("fit_least_squares", says="transposed")
def not_transposed_back(X, Y):
    return np.linalg.solve(X.T @ X, X.T @ Y)


@wrong("fit_least_squares", says="You fitted X from Y")
def swapped_X_and_Y(X, Y):
    return np.linalg.pinv(Y).dot(X).T


@wrong("fit_least_squares", says="dividing by its diagonal alone")
def divided_by_the_diagonal(X, Y):
    return Y.T @ X / np.diag(X.T @ X)


@wrong("fit_least_squares", says="You centred the data")
def centred_the_data(X, Y):
    X, Y = X - X.mean(axis=0), Y - Y.mean(axis=0)
    return (np.linalg.pinv(X) @ Y).T


@wrong("fit_least_squares", says="M_xx is missing")
def forgot_the_inverse(X, Y):
    return Y.T @ X


@wrong("fit_least_squares", says="raised a ValueError")
def products_of_wrong_shapes(X, Y):
    return np.linalg.inv(X @ X.T) @ X.T @ Y


# --- squared_error_gradient ----------------------------------------------------------------------------------


@wrong("squared_error_gradient", says="The 2 from differentiating the square is missing")
def missing_two(A, X, Y):
    return (X @ A.T - Y).T @ X / len(X)


@wrong("squared_error_gradient", says="The loss is a mean over samples, not a sum")
def sum_over_samples(A, X, Y):
    return 2 * (X @ A.T - Y).T @ X


@wrong("squared_error_gradient", says="Your gradient is transposed")
def gradient_transposed(A, X, Y):
    return 2 / len(X) * X.T @ (X @ A.T - Y)


@wrong("squared_error_gradient", says="The sign is reversed")
def target_minus_prediction(A, X, Y):
    return 2 / len(X) * (Y - X @ A.T).T @ X


@wrong("squared_error_gradient", says="You divided by the number of features")
def averaged_over_features(A, X, Y):
    return 2 / X.shape[1] * (X @ A.T - Y).T @ X


@wrong("squared_error_gradient", says="Only the last sample counts")
def accumulated_outside_the_loop(A, X, Y):
    for i in range(len(X)):
        gradient = np.outer(A @ X[i] - Y[i], X[i])
    return 2 / len(X) * gradient


@wrong("squared_error_gradient", says="You averaged over outputs as well")
def mean_of_all_entries(A, X, Y):
    return 2 / Y.size * (X @ A.T - Y).T @ X


# --- is_positive_semidefinite --------------------------------------------------------------------------------


@wrong("is_positive_semidefinite", says="A negative entry doesn't make an eigenvalue negative")
def looked_at_entries(M):
    return bool(np.all(M >= 0))


@wrong("is_positive_semidefinite", says="Its determinant is positive, yet both eigenvalues are negative")
def looked_at_the_determinant(M):
    return bool(np.linalg.det(M) >= 0)


@wrong("is_positive_semidefinite", says="leave a tolerance")
def no_tolerance(M):
    return bool(np.allclose(M, M.T) and np.all(np.linalg.eigvalsh(M) >= 0))


@wrong("is_positive_semidefinite", says="This matrix is not symmetric")
def ignored_asymmetry(M):
    values = np.linalg.eigvalsh(M)
    return bool(values.min() >= -1e-10 * np.abs(values).max())


@wrong("is_positive_semidefinite", says="The tolerance must grow and shrink with the matrix")
def absolute_tolerance(M):
    if np.abs(M - M.T).max() > 1e-10 * np.abs(M).max():
        return False
    return bool(np.linalg.eigvalsh(M).min() >= -1e-10)


@wrong("is_positive_semidefinite", says="leave a tolerance")
def definite_not_semidefinite(M):
    return bool(np.array_equal(M, M.T) and np.all(np.linalg.eigvalsh(M) > 0))


# --- fit_ridge -----------------------------------------------------------------------------------------------


@wrong("fit_ridge", says="You added λ to every entry")
def lambda_on_every_entry(X, Y, lam):
    return np.linalg.solve(X.T @ X + lam, X.T @ Y).T


@wrong("fit_ridge", says="Your λ is n times too strong")
def averaged_the_data_only(X, Y, lam):
    n, d = X.shape
    return np.linalg.solve(X.T @ X / n + lam * np.eye(d), X.T @ Y / n).T


@wrong("fit_ridge", says="λ makes no difference")
def forgot_the_penalty(X, Y, lam):
    return np.linalg.lstsq(X, Y, rcond=None)[0].T


@wrong("fit_ridge", says="You left the last feature unpenalised")
def spared_the_bias(X, Y, lam):
    penalty = lam * np.eye(X.shape[1])
    penalty[-1, -1] = 0
    return np.linalg.solve(X.T @ X + penalty, X.T @ Y).T


@wrong("fit_ridge", says="λ has the wrong sign")
def subtracted_lambda(X, Y, lam):
    return np.linalg.solve(X.T @ X - lam * np.eye(X.shape[1]), X.T @ Y).T


@wrong("fit_ridge", says="transposed")
def ridge_not_transposed_back(X, Y, lam):
    return np.linalg.solve(X.T @ X + lam * np.eye(X.shape[1]), X.T @ Y)


# --- sigmoid -------------------------------------------------------------------------------------------------


@wrong("sigmoid", says="the exponent is −z")
def wrong_sign_in_the_exponent(z):
    return 1 / (1 + np.exp(z))


@wrong("sigmoid", says="infinity over infinity is NaN")
def overflows(z):
    return np.exp(z) / (1 + np.exp(z))


@wrong("sigmoid", says="That is tanh")
def tanh_instead(z):
    return np.tanh(z)


@wrong("sigmoid", says="shift it up by 1 and halve it")
def tanh_of_half(z):
    return np.tanh(z / 2)


@wrong("sigmoid", says="That is the derivative of σ")
def derivative_instead(z):
    return regression.sigmoid(z) * (1 - regression.sigmoid(z))


# --- binary_cross_entropy ------------------------------------------------------------------------------------


@wrong("binary_cross_entropy", says="compute from the logit")
def through_the_probability(logits, y):
    p = 1 / (1 + np.exp(-logits))
    return -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p))


@wrong("binary_cross_entropy", says="You applied the sigmoid twice")
def sigmoid_twice(logits, y):
    p = regression.sigmoid(regression.sigmoid(logits))
    return -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p))


@wrong("binary_cross_entropy", says="You averaged")
def mean_instead_of_sum(logits, y):
    return np.mean(np.logaddexp(0, logits) - y * logits)


@wrong("binary_cross_entropy", says="Half is missing")
def only_the_positive_term(logits, y):
    return np.sum(y * np.logaddexp(0, -logits))


@wrong("binary_cross_entropy", says="belongs inside the logarithm")
def one_minus_outside_the_logarithm(logits, y):
    p = regression.sigmoid(logits)
    return -np.sum(y * np.log(p) + (1 - y) * (1 - np.log(p)))


@wrong("binary_cross_entropy", says="logarithm to base 2")
def base_two(logits, y):
    return np.sum(np.logaddexp(0, logits) - y * logits) / np.log(2)


@wrong("binary_cross_entropy", says="You paired every label with every prediction")
def paired_everything(logits, y):
    p = regression.sigmoid(logits).reshape(1, -1)
    y = y.reshape(-1, 1)
    return -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p))


@wrong("binary_cross_entropy", says="A cut-off")
def clipped_the_probability(logits, y):
    p = np.clip(regression.sigmoid(logits), 1e-12, 1 - 1e-12)
    return -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p))


# --- fit_logistic --------------------------------------------------------------------------------------------


@wrong("fit_logistic", says="You climb instead of descending")
def label_minus_probability(X, y, learning_rate=0.5, steps=500):
    w = np.zeros(X.shape[1])
    for _ in range(steps):
        w = w - learning_rate * X.T @ (y - regression.sigmoid(X @ w)) / len(X)
    return w


@wrong("fit_logistic", says="You summed over samples")
def summed_over_samples(X, y, learning_rate=0.5, steps=500):
    w = np.zeros(X.shape[1])
    for _ in range(steps):
        w = w - learning_rate * X.T @ (regression.sigmoid(X @ w) - y)
    return w


@wrong("fit_logistic", says="average over samples (rows)")
def divided_by_features(X, y, learning_rate=0.5, steps=500):
    w = np.zeros(X.shape[1])
    for _ in range(steps):
        w = w - learning_rate * X.T @ (regression.sigmoid(X @ w) - y) / X.shape[1]
    return w


@wrong("fit_logistic", says="You take one step too few")
def one_step_too_few(X, y, learning_rate=0.5, steps=500):
    w = np.zeros(X.shape[1])
    for _ in range(1, steps):
        w = w - learning_rate * X.T @ (regression.sigmoid(X @ w) - y) / len(X)
    return w


@wrong("fit_logistic", says="the sigmoid is missing")
def no_sigmoid(X, y, learning_rate=0.5, steps=500):
    w = np.zeros(X.shape[1])
    for _ in range(steps):
        w = w - learning_rate * X.T @ (X @ w - y) / len(X)
    return w


@wrong("fit_logistic", says="Each step starts again from zero")
def returned_inside_the_loop(X, y, learning_rate=0.5, steps=500):
    w = np.zeros(X.shape[1])
    for _ in range(steps):
        w = w - learning_rate * X.T @ (regression.sigmoid(X @ w) - y) / len(X)
        return w


@wrong("fit_logistic", says="The learning rate makes no difference")
def ignored_the_learning_rate(X, y, learning_rate=0.5, steps=500):
    w = np.zeros(X.shape[1])
    for _ in range(steps):
        w = w - X.T @ (regression.sigmoid(X @ w) - y) / len(X)
    return w


# --- changes to a solution that change nothing ---------------------------------------------------------------

_SYMMETRIC = "a square doesn't see the sign"
_ONE_CENTRED = "x is centred, so a constant added to y drops out of the sum"
_AXES = "X has two axes: the last is the second"
_ANTISYMMETRIC = "M − Mᵀ is antisymmetric: its largest entry is also its largest by magnitude"
_FACTOR_TWO = "the tolerance lies far above rounding and far below any real eigenvalue or asymmetry; a factor of two is no mistake"

EQUIVALENT_MUTANTS = {
    ("empirical_risk", "return np.mean((targets - predictions) ** 2)"): _SYMMETRIC,
    ("fit_line", "dx, dy = (x - x.mean(), y)"): _ONE_CENTRED,
    ("fit_line", "dx, dy = (x - x.mean(), y + y.mean())"): _ONE_CENTRED,
    ("fit_line", "dx, dy = (x - x.mean(), y - y.sum())"): _ONE_CENTRED,
    (
        "is_positive_semidefinite",
        "return values.min() >= -1e-10 * np.abs(values).max()",
    ): "NumPy's own bool is accepted",
    ("is_positive_semidefinite", "if np.abs(M.T - M).max() > 1e-10 * np.abs(M).max():"): _ANTISYMMETRIC,
    ("is_positive_semidefinite", "if (M - M.T).max() > 1e-10 * np.abs(M).max():"): _ANTISYMMETRIC,
    ("is_positive_semidefinite", "if np.abs(M - M.T).max() > 1e-10 * M.max():"): (
        "the largest entry of a semi-definite matrix is on its diagonal and not negative; all others are rejected either way"
    ),
    ("is_positive_semidefinite", "return bool(values.min() >= -1e-10 * values.max())"): (
        "where the largest eigenvalue by magnitude is negative, the answer is False either way"
    ),
    ("is_positive_semidefinite", "if np.abs(M - M.T).max() > 5e-11 * np.abs(M).max():"): _FACTOR_TWO,
    ("is_positive_semidefinite", "if np.abs(M - M.T).max() > 2e-10 * np.abs(M).max():"): _FACTOR_TWO,
    ("is_positive_semidefinite", "return bool(values.min() >= -5e-11 * np.abs(values).max())"): _FACTOR_TWO,
    ("is_positive_semidefinite", "return bool(values.min() >= -2e-10 * np.abs(values).max())"): _FACTOR_TWO,
    ("fit_ridge", "M = X.T @ X + lam * np.eye(X.shape[-1])"): _AXES,
    ("sigmoid", "return np.where(z > 0, 1 / (1 + e), e / (1 + e))"): "at z = 0 both formulas give one half",
    ("fit_logistic", "w = np.zeros(X.shape[-1])"): _AXES,
}

"""The package is light to import, its data are honest, its style is legible, its device exists."""

import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest

from course_utils import data, plotting
from course_utils.device import best_device


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, course_utils; print([m for m in ('torch', 'matplotlib', 'ipywidgets', 'sklearn', 'otter') if m in sys.modules])"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )


def test_checks_and_regression_do_not_load_torch_or_otter():
    code = "import sys; import course_utils.checks, course_utils.regression; print('torch' in sys.modules, 'otter' in sys.modules)"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "False False"
    )


@pytest.mark.parametrize(
    ("load", "samples"), [(data.load_diabetes_split, 442), (data.load_breast_cancer_split, 569)]
)
class TestSplits:
    def test_training_part_alone_is_standardised(self, load, samples):
        split = load()
        np.testing.assert_allclose(split.X_train.mean(axis=0), 0, atol=1e-12)
        np.testing.assert_allclose(split.X_train.std(axis=0), 1)
        assert np.abs(split.X_test.mean(axis=0)).max() > 1e-3

    def test_no_sample_is_in_both_parts_and_none_is_lost(self, load, samples):
        split = load(test_fraction=0.25, seed=3)
        assert len(split.X_train) + len(split.X_test) == samples
        assert len(split.X_test) == round(0.25 * samples)
        assert split.X_train.shape[1] == len(split.feature_names)
        train = {row.tobytes() for row in split.X_train}
        assert not any(row.tobytes() in train for row in split.X_test)

    def test_the_seed_decides(self, load, samples):
        np.testing.assert_array_equal(load(seed=1).y_test, load(seed=1).y_test)
        assert not np.array_equal(load(seed=1).y_test, load(seed=2).y_test)

    def test_a_fraction_outside_zero_and_one_is_refused(self, load, samples):
        with pytest.raises(ValueError, match="test_fraction"):
            load(test_fraction=1.0)


def test_the_label_of_a_malignant_lump_is_one():
    split = data.load_breast_cancer_split()
    assert split.target_names[1] == "malignant"
    assert np.concatenate([split.y_train, split.y_test]).sum() == 212
    # Malignant nuclei are larger: an independent sign that the labels were not swapped.
    radius = split.X_train[:, split.feature_names.index("mean radius")]
    assert radius[split.y_train == 1].mean() > radius[split.y_train == 0].mean()


def test_lines_differ_in_colour_and_dashes():
    with mpl.rc_context():
        plotting.use_course_style()
        cycle = list(mpl.rcParams["axes.prop_cycle"])
    assert (
        len({entry["color"] for entry in cycle})
        == len({str(entry["linestyle"]) for entry in cycle})
        == len(cycle)
        >= 7
    )


def test_the_best_device_can_hold_a_tensor():
    import torch

    assert torch.zeros(1, device=best_device()).device.type == best_device().type

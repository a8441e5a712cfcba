"""Where the references are tested: NumPy and torch, both precisions, and CUDA when there is one."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch


@dataclass(frozen=True)
class Backend:
    """A library, a device and a precision, with the means to go there and back."""

    device: str  # "numpy", "cpu" or "cuda"
    dtype: str  # "float32" or "float64"

    @property
    def rtol(self):
        return 1e-4 if self.dtype == "float32" else 1e-9

    def array(self, values):
        """Floats in this precision, integers and booleans as they are."""
        values = np.asarray(values)
        if values.dtype.kind == "f":
            values = values.astype(self.dtype)
        return values if self.device == "numpy" else torch.tensor(values, device=self.device)

    def numpy(self, array):
        return array.detach().cpu().numpy() if isinstance(array, torch.Tensor) else np.asarray(array)

    def check(self, got, expected, rtol=None, atol=None):
        """The result lives here, in this precision if it is a float, and is what the oracle says."""
        if self.device == "numpy":
            assert isinstance(got, (np.ndarray, np.generic)), type(got)
        else:
            assert isinstance(got, torch.Tensor), type(got)
            assert got.device.type == self.device
        values = self.numpy(got)
        if values.dtype.kind == "f":
            assert values.dtype == self.dtype
        rtol = self.rtol if rtol is None else rtol
        np.testing.assert_allclose(
            values, self.numpy(expected), rtol=rtol, atol=rtol if atol is None else atol
        )


def _backends():
    for device in ("numpy", "cpu", "cuda"):
        for dtype in ("float32", "float64"):
            marks = (
                [pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")]
                if device == "cuda"
                else []
            )
            yield pytest.param(Backend(device, dtype), id=f"{device}-{dtype}", marks=marks)


@pytest.fixture(scope="session", params=_backends())
def backend(request):
    return request.param


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    # Two threads on a busy machine are slower than one, and give other rounding errors.
    torch.set_num_threads(1)

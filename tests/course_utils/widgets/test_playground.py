"""The playground's model against the library, its JavaScript twin against the model, its Python side without a browser."""

import io
import json
import shutil
import subprocess
import time

import numpy as np
import pytest
from PIL import Image

from course_utils.optimizers import OPTIMIZERS, SCHEDULES, adam, trajectory
from course_utils.surfaces import SURFACES
from course_utils.widgets import OptimizerPlayground
from course_utils.widgets import playground_model as m
from course_utils.widgets._face import module, standalone
from course_utils.widgets.playground import _about, expression, gif


def node(script, argument):
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    done = subprocess.run(
        ["node", "--input-type=module", "-"],
        input=f"{script}\nconst input = {json.dumps(argument)};\nconsole.log(JSON.stringify(run(input)));",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def settings_of(surface, **options):
    return m.Settings(m.home(surface), **options)


def as_json(settings):
    return vars(settings) | {"start": list(settings.start)}


TWIN = (
    module("twin")
    + """
const run = ({ about, settings, names }) => names.map((name) => {
  const path = walk(name, about, settings);
  return { ...path, verdict: verdict(path, about) };
});
"""
)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"schedule": "cosine", "noise": 0.3, "seed": 7, "mu": 0.7},
        {"schedule": "warm-up", "beta": 0.5, "beta1": 0.6, "beta2": 0.9, "weight_decay": 0.2},
        {"schedule": "step", "factor": 30.0, "rates": {"adam": 0.01}},
    ],
    ids=["as it opens", "noise", "other constants", "diverging"],
)
@pytest.mark.parametrize("surface", SURFACES.values(), ids=SURFACES)
def test_the_twin_walks_the_same_paths_as_python(surface, options):
    # RMSprop, with an eps near 0 above all, blows up what rounding leaves of a gradient at a minimum; so few steps.
    settings = settings_of(surface, steps=70, eps=1e-3, **options)
    names = list(OPTIMIZERS)
    twins = node(TWIN, {"about": _about(surface), "settings": as_json(settings), "names": names})
    paths = m.race(surface, settings, names)
    for name, twin, row in zip(names, twins, m.verdicts(surface, settings, paths), strict=True):
        path = paths[name]
        assert twin["outcome"] == path.outcome, name
        points = np.array(twin["points"]).reshape(-1, 2)
        assert points.shape == path.points.shape, name
        # Outside the picture a path that was thrown out by Newton's method or by far too large steps is chaos.
        outside = np.abs(path.points).max(axis=1) > m.span(surface)
        n = int(outside.argmax()) if outside.any() else len(outside)
        np.testing.assert_allclose(points[:n], path.points[:n], rtol=1e-6, atol=1e-6, err_msg=name)
        np.testing.assert_allclose(twin["losses"][:n], path.losses[:n], rtol=1e-5, atol=1e-6, err_msg=name)
        if n == len(points):
            assert twin["verdict"]["steps"] == row.steps
            assert twin["verdict"]["said"] == row.said


def test_the_twin_finds_the_same_basins():
    surface = SURFACES["Himmelblau"]
    settings = settings_of(surface, steps=60)
    script = (
        module("twin")
        + "const run = ({ about, settings }) => [...basins('momentum', about, settings, 33).end];"
    )
    twin = node(script, {"about": _about(surface), "settings": as_json(settings)})
    ours = m.basins(surface, "momentum", settings, 33).end.ravel()
    assert np.mean(np.array(twin) == ours) > 0.99  # single against double precision, at the borders


def test_the_line_of_python_makes_the_same_state_again():
    script = module("playground").replace("export default", "const face =")
    script += "const run = ([settings, about]) => pythonLine(settings, about, false);"
    first = OptimizerPlayground(
        surface="saddle",
        start=(1.25, -0.5),
        steps=33,
        rates={"adam": 0.3},
        noise=0.25,
        schedule="cosine",
        shown=["adam", "newton"],
        basin="adam",
    )
    line = node(script, [first.settings, first._about["saddle"]])
    again = eval(line, {"OptimizerPlayground": OptimizerPlayground})
    assert again.settings == first.settings


@pytest.mark.parametrize("surface", SURFACES.values(), ids=SURFACES)
def test_all_known_minima_are_among_those_found(surface):
    found = m.landmarks(surface)
    np.testing.assert_allclose(surface.gradient(found.minima), 0, atol=1e-6)
    for minimum in surface.minima:
        assert np.linalg.norm(found.minima - minimum, axis=1).min() < 1e-3
    assert found.lowest == pytest.approx(float(surface(surface.minima[0])), abs=1e-9)


def test_a_race_is_the_librarys_trajectory():
    surface = SURFACES["Himmelblau"]
    settings = settings_of(surface, steps=40, schedule="cosine")
    path = m.race(surface, settings, ["adam"])["adam"]
    expected = trajectory(
        adam,
        surface.gradient,
        settings.start,
        40,
        schedule=SCHEDULES["cosine"],
        learning_rate=m.suggested_rates(surface)["adam"],
    )
    np.testing.assert_allclose(path.points, expected)
    np.testing.assert_allclose(path.losses, surface(expected))


def test_the_suggested_rates_diverge_nowhere_and_thirty_times_as_much_does():
    for surface in SURFACES.values():
        paths = m.race(surface, settings_of(surface), [n for n in OPTIMIZERS if n != "newton"])
        assert {path.outcome for path in paths.values()} == {"ran"}, surface.name
    ravine = SURFACES["ravine"]
    assert (
        m.race(ravine, settings_of(ravine, factor=30.0), ["gradient descent"])["gradient descent"].outcome
        == "diverged"
    )


def test_noise_has_the_moments_of_a_normal():
    pairs = m.normals(5, 50_000)
    np.testing.assert_allclose(pairs.mean(axis=0), 0, atol=0.02)
    np.testing.assert_allclose(np.cov(pairs.T), np.eye(2), atol=0.02)
    assert not np.array_equal(m.normals(1, 10), m.normals(2, 10))


class TestYours:
    def run(self, mine, **options):
        surface = SURFACES["ravine"]
        return m.race(surface, settings_of(surface, steps=20, **options), ["adam"], mine)

    def test_the_librarys_adam_as_your_own_walks_beside_adam(self):
        paths = self.run(
            lambda w, gradient, state, learning_rate: adam(w, gradient, state, learning_rate=learning_rate)
        )
        np.testing.assert_allclose(paths["yours"].points, paths["adam"].points)

    def test_an_error_is_told_with_its_step_and_the_others_go_on(self):
        def broken(w, gradient, state):
            if len(state) == 2:
                raise KeyError("velocity")
            return w - 0.01 * gradient(w), {**state, len(state): 0}

        paths = self.run(broken)
        assert paths["yours"].outcome == "failed"
        assert paths["yours"].message.startswith("Step 3: KeyError: 'velocity'")
        assert 'raise KeyError("velocity")' in paths["yours"].message
        assert len(paths["yours"].points) == 3
        assert len(paths["adam"].points) == 21

    @pytest.mark.parametrize(
        ("mine", "says"),
        [
            (lambda w, gradient, state: (w[0], state), "expected weights of shape (2,), got ()"),
            (lambda w, gradient, state: None, "TypeError"),
            (lambda w, gradient, state: ("ab", state), "ValueError"),
            (lambda w, gradient, state: (w * np.nan, state), ""),
        ],
    )
    def test_what_is_no_step_is_told(self, mine, says):
        path = self.run(mine)["yours"]
        assert path.outcome == ("failed" if says else "diverged")
        assert says in path.message

    def test_a_step_that_changes_its_weights_harms_nobody(self):
        def greedy(w, gradient, state):
            w -= 0.01 * gradient(w)
            return w, state

        path = self.run(greedy)["yours"]
        assert len(np.unique(path.points, axis=0)) == 21

    def test_a_slow_step_is_stopped(self, monkeypatch):
        monkeypatch.setattr(m, "_PATIENCE", 0.2)

        def slow(w, gradient, state):
            time.sleep(0.06)
            return w, state

        path = self.run(slow)["yours"]
        assert "took longer than" in path.message
        assert 2 < len(path.points) < 10

    def test_the_table_tells_the_rate_and_the_error(self):
        widget = OptimizerPlayground(mine=lambda w, gradient, state: 1 / 0, surface="bowl", shown=["yours"])
        (row,) = widget.verdicts()
        assert row.name == "yours"
        assert "ZeroDivisionError" in row.said


def test_basins_are_where_single_races_end():
    surface = SURFACES["Himmelblau"]
    settings = settings_of(surface, steps=80)
    found = m.basins(surface, "gradient descent", settings, 17)
    minima = m.landmarks_of(surface).minima
    grid = m.window_grid(surface, 17)
    for i, j in [(0, 0), (3, 11), (8, 2), (16, 16), (9, 7)]:
        start = tuple(grid[i, j])
        path = m.race(surface, m.Settings(start, steps=80), ["gradient descent"])["gradient descent"]
        distances = np.linalg.norm(minima - path.points[-1], axis=1)
        assert found.end[i, j] == distances.argmin()
        assert path.outcome == "ran"
        near = np.linalg.norm(path.points - minima[found.end[i, j]], axis=1) < 0.03 * m.span(surface)
        assert abs(int(found.steps[i, j]) - int(near.argmax())) <= 1


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_basins_are_the_same_in_torch(name):
    surface, settings = SURFACES["Himmelblau"], settings_of(SURFACES["Himmelblau"], steps=40)
    ours, torchs = (m.basins(surface, name, settings, 24, device) for device in (None, "cpu"))
    assert np.mean(ours.end == torchs.end) > 0.98


def test_starts_that_end_at_no_minimum_are_marked():
    surface = SURFACES["plateau"]
    found = m.basins(surface, "gradient descent", settings_of(surface, steps=5, factor=0.01), 9)
    assert found.end[0, 0] == -1
    assert found.steps[0, 0] == 5


@pytest.mark.parametrize("surface", [lambda x, y: x**2 + 3 * y**2, "x^2 + 3*y**2", "x**2 + 3*abs(y)**2"])
def test_a_surface_of_ones_own_has_gradients_and_a_minimum(surface):
    widget = OptimizerPlayground(surface=surface, bounds=(-2, 3, -1, 1), start=(2.0, 0.5))
    w = np.array([[0.5, -0.3], [2.0, 0.7]])
    np.testing.assert_allclose(widget.surface.gradient(w), w * [2, 6], rtol=1e-6)
    np.testing.assert_allclose(m.landmarks(widget.surface).minima, [[0, 0]], atol=1e-3)
    assert len(widget._heights) == 4 * 141**2
    rows = {row.name: row for row in widget.verdicts()}
    assert rows["adam"].said == "at a lowest point"


def test_a_gif_has_all_frames():
    frames = []
    for width in (3, 9, 15):
        out = io.BytesIO()
        picture = Image.new("RGB", (20, 10), (255, 255, 255))
        picture.paste((0, 114, 178), (0, 0, width, 10))
        picture.save(out, "PNG")
        frames.append(out.getvalue())
    picture = Image.open(io.BytesIO(gif(frames)))
    assert picture.n_frames == 3
    picture.seek(1)
    frame = picture.convert("RGB")
    np.testing.assert_allclose(frame.getpixel((8, 3)), (0, 114, 178), atol=6)
    np.testing.assert_allclose(frame.getpixel((12, 3)), (255, 255, 255), atol=6)


def test_answers_come_for_the_question_that_was_asked(monkeypatch):
    widget = OptimizerPlayground(mine=adam)
    sent = []
    monkeypatch.setattr(widget, "send", lambda reply, parts: sent.append((reply, parts)))
    widget._answer(widget, {"kind": "race", "rev": 4, "settings": widget.settings, "names": ["yours"]}, [])
    widget._answer(
        widget, {"kind": "basins", "rev": 5, "key": "k", "settings": widget.settings | {"basin": "adam"}}, []
    )
    widget._answer(widget, {"kind": "nonsense", "rev": 6}, [])
    assert [reply["rev"] for reply, _ in sent] == [4, 5, 6]
    reply, parts = sent[0]
    points = np.frombuffer(parts[reply["paths"]["yours"]["buffer"]], "<f4").reshape(-1, 2)
    np.testing.assert_allclose(points, widget.race()["yours"].points, rtol=1e-5, atol=1e-5)
    assert len(sent[1][1][0]) == 2 * 256 * 256


def test_the_page_without_python_asks_for_nothing_and_holds_no_tag_in_its_state():
    widget = OptimizerPlayground(mine=adam, surface="bowl")
    page = standalone(widget)
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert '"yours"' in page
    assert "</script" not in page.split('id="state">')[1].split("</script>")[0]


BAD = [
    (lambda: OptimizerPlayground(surface="bowl!"), "surface: expected an expression"),
    (lambda: OptimizerPlayground(surface="__import__('os')"), "surface: expected an expression"),
    (lambda: OptimizerPlayground(surface="x.real"), "surface: expected an expression"),
    (lambda: OptimizerPlayground(surface=lambda x, y: 1 / (x - x)), "surface: expected finite heights"),
    (lambda: OptimizerPlayground(surface="x*y", bounds=(1, 0, 0, 1)), "bounds: expected"),
    (lambda: OptimizerPlayground(shown=["sgd"]), "shown: expected some of"),
    (lambda: OptimizerPlayground(basin="yours"), "basin: expected one of"),
    (lambda: OptimizerPlayground(speed=3), "speed: expected one of"),
    (lambda: OptimizerPlayground(steps=0), "steps: expected a number from 1"),
    (lambda: OptimizerPlayground(schedule="none"), "schedule: expected one of"),
    (lambda: OptimizerPlayground(noise=-1), "noise: expected a number"),
    (lambda: OptimizerPlayground(factor=0), "factor: expected a number"),
    (lambda: OptimizerPlayground(start=(1, 2, 3)), "start: expected two numbers"),
    (lambda: m.basins(SURFACES["bowl"], "yours", m.Settings((0.0, 0.0))), "name: expected one of"),
    (lambda: expression("x +"), "surface: expected an expression"),
]


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()

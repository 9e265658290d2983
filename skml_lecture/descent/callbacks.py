"""scikit-learn's callbacks (1.9, experimental), touched here and nowhere else."""

import sklearn

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn < 1.9: the estimators work, without callbacks

    class CallbackSupportMixin:
        """Stands in where scikit-learn has no callbacks."""

        @property
        def set_callbacks(self):
            """Not there: raises an AttributeError that says what is needed."""
            raise AttributeError(
                f"Callbacks need scikit-learn 1.9 or newer, this is {sklearn.__version__}."
            )

    def with_callbacks(method):
        """Return the method as it is."""
        return method


__all__ = ["CallbackSupport", "with_callbacks"]


class CallbackSupport(CallbackSupportMixin):
    """Tells the callbacks of an estimator about every part of its fit, such as an epoch."""

    def _begin_callbacks(self, max_iter, **data):
        """Begin a fit of ``max_iter`` parts; return its task, None without callbacks.

        ``data`` is what callbacks may ask for: ``X``, ``y``, ``metadata``.
        """
        if not hasattr(self, "_skl_callbacks"):
            return None
        context = self._init_callback_context(max_subtasks=max_iter)
        return context.call_on_fit_task_begin(estimator=self, **data)

    def _tell_callbacks(self, fit, attributes, part="epoch", **data):
        """Report a part of ``fit``; return whether a callback asks to stop.

        ``attributes()`` gives the fitted attributes as of now, only where a callback asks.
        """
        if fit is None:
            return False
        task = fit.subcontext(task_name=part)
        task.call_on_fit_task_begin(estimator=self, **data)
        return task.call_on_fit_task_end(
            estimator=self, reconstruction_attributes=attributes, **data
        )

    def _end_callbacks(self, fit, attributes, **data):
        """Report the end of ``fit``."""
        if fit is not None:
            fit.call_on_fit_task_end(estimator=self, reconstruction_attributes=attributes, **data)

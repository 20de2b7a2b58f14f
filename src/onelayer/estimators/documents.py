"""The parameters and attributes that the estimators' docstrings share."""

from __future__ import annotations

from typing import TypeVar

ONE_MODEL = """\
l2 : float or None, default None
        Strength of the penalty. None is 0 where steps are made, and otherwise 1 / (2 n), n the
        (weighted) number of examples: scikit-learn's C = 1{softmax}.
    learning_rate : float or None, default None
        Step size; None is 0.1, ten times `TrainConfig`'s, which suits the many features of images.
    """

OF_SOFTMAX = """. Two classes take twice that, for the same
        probabilities as of `LogisticRegression`. `SoftmaxRegressionCV` chooses one"""

PARAMETERS = """\
{one_model}solver : "auto", "optimum" or "sgd", default "auto"
        "optimum" finds the minimum of the objective; "sgd" trains by steps on mini-batches. "auto"
        makes steps if an option of steps is set, such as learning_rate, max_epochs, early_stopping
        or momentum.
    batch_size : int, default 128
        Examples in a batch.
    max_epochs : int, default 200
        Passes over the training examples; more than `TrainConfig`'s, since an estimator is mostly
        fitted to few examples, and an epoch then has few steps.
    penalize_bias : bool, default False
        Whether the penalty covers the intercept.
    order : None, "file", "class", "once", "batches", "epoch" or "blocks", default None
        Of the examples in an epoch: as given; sorted by class; one permutation for all epochs; the
        batches of the given order in a new sequence in each epoch; a new permutation in each; the
        blocks in a new sequence in each, and the examples of a window of them mixed. None is
        "epoch", or "file" if shuffle is false, and "blocks" for what is read block by block.
    window : int, default 1
        Blocks whose examples are mixed, in the order "blocks".
    block_size : int, default 8192
        Examples of a block in that order, for data that has no blocks of its own.
    shuffle : bool, default True
        Short for the orders "epoch" and "file".
    drop_last : bool, default False
        Whether a last batch that is not full is left out.
    evaluations_per_epoch : int or float, default 5
        How often the validation loss is measured, where there are validation examples.
    early_stopping : None, bool, int, dict or EarlyStopping, default None
        Stop when the validation loss no longer falls, and keep the coefficients of its lowest
        value. True waits for 10 evaluations without an improvement, an int for as many; a dict has
        `patience` and `min_delta`.
    momentum : float, default 0.0
        How much of its velocity a step keeps, below 1.
    nesterov : bool, default False
        Whether momentum has Nesterov's form.
    averaging : None, "mean", "exponential", dict or Averaging, default None
        Keep an average of the iterates: their mean from one step on, or an exponential average; a
        dict has `kind`, `decay` and `start`.
    schedule : None, str, dict or RateSchedule, default None
        How the learning rate changes from step to step: "cosine", "one_cycle", or a dict with
        `kind`, such as ``dict(kind="step", every=1000)``; also `factor`, `floor`, and the kind
        "inverse". None is a constant rate.
    warmup_steps : int, default 0
        Steps in which the learning rate first rises.
    max_steps : int or None, default None
        End after so many steps, if `max_epochs` does not before.
    initial_std : float, default 0.0
        Standard deviation of the normal weights that training starts from, drawn by `random_state`;
        0 starts from zeros.
    tolerance : float, default 1e-6
        How far the objective may be above its minimum, as a share of it, where that is sought.
    features : (int, int), str or None, default None
        The features that are read, from the first number to before the second, counted from 0:
        (0, 384) or "0:384". Others have coefficients of 0.{several}
    examples_per_class : int or None, default None
        Train on so many examples of each class, drawn at random among those to train on.
    draw : int, default 0
        Number of the draw.
    dtype : "float32", "float64" or None, default None
        Type of the arithmetic in training. None takes float32 for values of 8 bits, float16 and
        float32, and float64 otherwise.
    scale : "none", "standard", "minmax" or a Scaling, default "none"
        What gradient descent sees of the features: the values as they are, with mean 0 and standard
        deviation 1, or in the range from -1 to 1; or what an `onelayer.data.Scaling` makes of them.
        Of sparse data zeros stay zeros. `coef_` and `intercept_` apply to the values as they are in
        any case; the penalty is on the weights of scaled features.
    validation_fraction : float, default 0.1
        The share of the training examples, class by class, that is held out where {held_out}.
    random_state : int, RandomState or None, default 0
        Seed of the order of the examples, of what is held out, and of a random start. None draws a
        new one.
    class_weight : None, "balanced" or dict, default None
        How much the examples of a class count in the loss, in training and in the loss that early
        stopping watches.
    {warm_start}memory : int, str or None, default None
        At most about so many bytes of what is read block by block are in memory: 10**9, or "1GB".
        None holds two blocks for later.
    verbose : int, default 0
        1 prints how the fit went.
    n_jobs : int or None, default None
        How many threads work; the result does not depend on it. None: all cores, or one inside a
        parallel job of joblib."""

WARM_START = """\
warm_start : bool, default False
        Whether `fit` goes on from the coefficients there are.
    """

ATTRIBUTES = """\
classes_ : array, shape (K,)
        The labels, sorted.
    classifier_ : onelayer.inference.Classifier
        The model itself, which predicts, with names of features, classes and scaling.
        ``save(path)`` keeps it in a file, and ``Classifier.load(path)`` gives the same bits. Its
        columns of probabilities are in the order of its `classes`, of which a logistic one has the
        second first. Labels that are neither integers nor strings nor bools are text in it.
    coef_ : array, shape {coef}
        Weights of the values as they are given, whatever `scale` is: float32 if these are float32,
        otherwise float64. `classifier_`, which predicts, has them unrounded.
    intercept_ : array, shape {intercept}
        In the type of `coef_`.
    n_features_in_ : int
    feature_names_in_ : array of str
        Only if the training examples have names for features.
    n_iter_ : int
        Epochs begun, or passes over the examples until the minimum was found.
    loss_curve_ : list of float
        Mean training loss over the batches of each epoch, without the penalty; empty without steps.
    validation_scores_ : list of float
        Validation accuracy of each evaluation; empty without validation examples.
    history_ : onelayer.training.History
        The loss of every step, and every evaluation.
    best_ : onelayer.training.Evaluation or None
        The evaluation with the lowest validation loss.
    l2_ : float
        Strength of the penalty that `coef_` was found with.
    stop_reason_ : str
        ``converged``, or ``no_minimum`` or ``not_certified`` where there is none or it was not
        found well; of steps ``max_epochs``, ``max_steps``, ``patience`` or ``diverged``;
        ``interrupted``.
    scaling_ : onelayer.data.Scaling
        What `scale` came to."""

T = TypeVar("T")


def documented(cls: type[T]) -> type[T]:
    """Fill in what the docstring of an estimator shares with the others."""
    if cls.__doc__ is None:  # python -OO
        return cls
    sweeps, logistic = cls.__name__.endswith("CV"), cls.__name__.startswith("Logistic")
    held_out = (
        "`cv` is None and there is no `X_val`" if sweeps
        else "early stopping needs validation examples and there is no `X_val`"
    )  # fmt: skip
    softmax = OF_SOFTMAX if cls.__name__.startswith("Softmax") else ""
    parameters = PARAMETERS.format(
        one_model="" if sweeps else ONE_MODEL.format(softmax=softmax),
        held_out=held_out,
        several=" A list of ranges tries each." if sweeps else "",
        warm_start="" if sweeps else WARM_START,
    )
    attributes = ATTRIBUTES.format(
        coef="(1, n_features)" if logistic else "(K, n_features)",
        intercept="(1,)" if logistic else "(K,)",
    )
    cls.__doc__ = cls.__doc__.replace("<parameters>", parameters).replace(
        "<attributes>", attributes
    )
    return cls

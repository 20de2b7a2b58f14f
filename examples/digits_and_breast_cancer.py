"""The estimators on two small data sets of scikit-learn; runs in seconds.

Each part prints what it did and how to read it. Split at the ``# %%`` lines it is a notebook.
"""

# %% Digits: softmax regression, and what it learns
import numpy as np
import polars as pl
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.metrics import brier_score_loss, log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

from onelayer import LogisticRegression, SoftmaxRegression, SoftmaxRegressionCV, WeightsDisplay

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

model = SoftmaxRegression(scale="minmax", early_stopping=True, max_epochs=500)
model.fit(X_train, y_train)
print("Digits, 8 by 8 pixels, ten classes")
print(f"  It ended by {model.stop_reason_} after {model.n_iter_} epochs; a tenth of the training")
print(f"  examples was held out to tell when, and {model.best_.val_accuracy:.1%} of it was right.")
print(f"  Right on test examples, which had no part: {model.score(X_test, y_test):.1%}.")

# %% How much penalty? All candidates on all folds, in one pass
sweep = SoftmaxRegressionCV(
    l2=[1e-6, 1e-5, 1e-4, 1e-3, 1e-2],
    scale="minmax",
)
sweep.fit(X_train, y_train)
print("\nA sweep over the penalty, five folds")
print(f"  {sweep.summary_}")
print(f"  {len(sweep.results_) * 5} exact minima were found beside one another; the three best:")
for row in sweep.results_.sort("rank").head(3).iter_rows(named=True):
    print(f"    l2 {row['l2']:<6g} log loss {-row['mean_score']:.4f} ± {row['standard_error']:.4f}")
right = (sweep.predict(X_test) == y_test).mean()
print(f"  The best, trained on all of it, has a log loss of {-sweep.score(X_test, y_test):.4f} on")
print(f"  the test examples and is right on {right:.1%}. These are the numbers to report: the best")
print("  of many scores is too good.")

# %% The weights as numbers; .chart() draws them as pictures
weights = WeightsDisplay.from_estimator(sweep, image_shape=(8, 8)).frame()
strongest = weights.sort("weight", descending=True).row(0, named=True)
print(f"\n  The strongest sign of any digit: ink in pixel {strongest['feature']} means a "
      f"{strongest['class']}.")  # fmt: skip

# %% Breast cancer: features of very different size need a scaling
cancer = load_breast_cancer()
measurements = pl.DataFrame(cancer.data, schema=list(cancer.feature_names))  # or pandas
C_train, C_test, t_train, t_test = train_test_split(
    measurements, cancer.target, stratify=cancer.target, random_state=0
)
scaled = LogisticRegression(scale="standard", early_stopping=20).fit(C_train, t_train)
plain = LogisticRegression().fit(C_train, t_train)
print("\nBreast cancer, 30 measurements, benign or malignant")
print(f"  With scale='standard': {scaled.score(C_test, t_test):.1%} right. Without, the penalty")
print(f"  weighs features by their units: {plain.score(C_test, t_test):.1%}.")
signs = WeightsDisplay.from_estimator(scaled).frame().sort("weight")
print(f"  The strongest signs of a malignant one: {', '.join(signs['feature'][:3])}.")

# %% In a pipeline
pipeline = make_pipeline(
    PolynomialFeatures(degree=2, include_bias=False),
    LogisticRegression(scale="standard", l2=0.003),
)
pipeline.fit(C_train, t_train)
print("\nA pipeline with products of features")
print(f"  {pipeline[0].n_output_features_} features, {pipeline.score(C_test, t_test):.1%} right.")

# %% Calibration: are the probabilities what they say?
probabilities = {
    "as they are": scaled.predict_proba(C_test)[:, 1],
    "calibrated": CalibratedClassifierCV(
        LogisticRegression(scale="standard"), method="sigmoid", cv=5
    )
    .fit(C_train, t_train)
    .predict_proba(C_test)[:, 1],
}
print("\nProbabilities on test examples (lower is better)")
for name, p in probabilities.items():
    print(f"  {name:<12} log loss {log_loss(t_test, p):.4f}, "
          f"Brier score {brier_score_loss(t_test, p):.4f}")  # fmt: skip
gain = np.subtract(*(log_loss(t_test, p) for p in probabilities.values()))
print(f"  Logistic regression minimises the log loss itself, so calibration "
      f"{'brings little' if gain < 0.02 else 'helps'} here.")  # fmt: skip

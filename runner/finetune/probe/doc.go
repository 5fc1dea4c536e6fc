// Package probe fits linear models to the features of a frozen network, to convergence and not by epochs: multinomial logistic
// regression for classes ([FitLogistic]) and ridge regression for numbers ([FitRidge]). A probe says in a second what the features
// are worth, and is a good head to begin fine-tuning with.
//
// Objectives are those of scikit-learn's LogisticRegression and Ridge, and so are the coefficients (testdata/reference.json,
// made with scikit-learn itself). How strong the penalty should be, [LogisticPath] and [RidgePath] find out on the folds of a study.
//
// Logistic regression computes its products in float32 (package blas) and sums up in float64. It minimizes with L-BFGS and stops by a
// bound on the distance to the optimum ([Logistic].Error).
// Results are a function of the arguments alone, on the same kind of processor.
package probe

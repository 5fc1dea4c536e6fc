// Package metric measures classifiers: accuracy, balanced accuracy, precision, recall, F1 and log loss.
//
// Values agree with scikit-learn's to the last few bits (testdata, made with scikit-learn itself): a ratio without a
// denominator counts as 0, macro averages run over the classes that occur among the labels or the predictions, balanced
// accuracy over those that occur among the labels.
//
// Duties of the caller: classes are numbers from 0 to k-1; an empty set of rows has no metrics and gives NaN.
package metric

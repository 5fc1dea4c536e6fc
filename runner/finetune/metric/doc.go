// Package metric measures what a network predicts: one of several classes, several labels at once, or numbers.
//
// The registry ([For]) says which metrics there are for each [Family] of tasks, which way each is better and what it means.
// [Classified], [Labelled] and [Predicted] are the rows of each family; their Measure computes all of the family's metrics.
//
// Values agree with scikit-learn's to the last few bits (testdata/reference.json, made with scikit-learn itself). Where
// scikit-learn warns or refuses, the choice made here is:
//
//   - a ratio without a denominator counts as 0 (zero_division=0);
//   - macro averages over classes run over those that occur among the classes or the predictions, balanced accuracy over
//     those that occur among the classes; averages over labels run over all labels;
//   - ranking metrics (roc_auc, average_precision) leave out the classes that have no positive or no negative row, and are NaN
//     when that leaves none;
//   - spearman is 0 where either side is constant, as mcc is.
//
// Duties of the caller: classes are numbers from 0 to k-1; an empty set of rows has no metrics and gives NaN.
package metric

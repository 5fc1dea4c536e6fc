// Package data reads the rows of a classification task from a CSV file and turns them into a network's input.
//
// Read makes a [Table] of a file: the pixels or the feature columns as they stand, the class and the split key of every row.
// [Inputs] are what the network reads of them. [Table.Images] scales pixels to 0..255 and images to the network's size, and
// normalizes them as the network was trained with. [Table.Fit] looks at the columns of the training rows alone, and the
// [Encoder] that comes of it standardizes numbers and spreads categories. Nothing here is random and nothing is cached on disk:
// the same file gives the same bits.
//
// Duties of the caller:
//
//   - Call [Check] (or [CheckFolds], when the folds are known) before anything is started: it finds every fault of the data
//     that training would.
//   - Take classes and columns from the training file and read the test file against them ([ReadTest]).
//   - Fit an encoder on training rows only.
//
// Every fault of the input is an [*Error] that names the field of the sweep file, and the file and line where there is one.
package data

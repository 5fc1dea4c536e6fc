// Package data reads the rows of an image-classification task from a CSV file and turns them into a network's input.
//
// Read makes a [Table] of a file: the pixels as they stand, the class and the split key of every row. [Table.Images] scales
// the pixels to 0..255 and the images to the network's size; [Images.Write] spreads and normalizes one of them into the
// buffer that the network reads. Nothing here is random and nothing is cached on disk: the same file gives the same bits.
//
// Duties of the caller:
//
//   - Call [Check] (or [CheckFolds], when the folds are known) before anything is started: it finds every fault of the data
//     that training would.
//   - Take the classes from the training file and read the test file against them ([ReadTest]).
//
// Every fault of the input is an [*Error] that names the field of the sweep file, and the file and line where there is one.
package data

// Package prefix keeps what the frozen blocks at the bottom of a network make of examples, so that they run once an example and
// not once in every epoch of every fold of every trial.
//
// A [Store] is a folder with a cap, shared by all processes of a machine, or the memory of this one. A [Set] is what it holds of one
// prefix: entries of any number of float32, each under a key. Keys are SHA-256 sums of everything that an entry depends on:
// that of the prefix of its weights and its arithmetic, that of an example of what the network reads of it. So nothing is ever out of
// date, and who shares a folder need not agree on anything else.
//
// On disk a set is a folder of segments, files that are written once, under another name, and renamed when they are whole. Readers map
// them into memory. Nothing in a folder is trusted: a segment whose sums are wrong is removed, and its entries are computed again.
// Where the cap is reached, the segments that were not used for longest make room; where the disk is full or broken, the store
// goes on in memory, and what does not fit there is not kept. Either way the owner is warned once, and training goes on.
//
// Duties of the caller:
//
//   - Put everything that the entries depend on into the keys.
//   - Use a Set from one goroutine at a time, and its entries only until it is closed. A Store serves any number of goroutines.
package prefix

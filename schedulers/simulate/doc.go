// Package simulate plays whole searches: it does with a scheduler what the search daemon does ([Play]), with trainers that are made
// up ([World]). Tests play searches in which things go wrong; [Expect] plays some with curves as they usually are, to say beforehand
// what a search will take.
package simulate

// Command finetune measures the built-in trainer beside PyTorch: steps of fine-tuning MiniLM and ResNet-8, the time from the
// start of a process to its first finished step, and the memory it takes.
//
//	go run ./bench/finetune -python venv/bin/python -models ../shared/data -docs docs/finetune.md
//	go run ./bench/finetune -python venv/bin/python -models ../shared/data -docs docs/finetune.md -counts 1 -only 16x32   # a part
//
// It takes some ten minutes on a quiet machine with two cores; in parts, rows of the document's table are replaced or added. Frozen
// and cached of one size belong into one part, since the row cached/frozen sets one against the other.
//
// The venv needs torch, transformers and safetensors. For each case both sides run as child processes that wait for work, and
// take turns of four steps, the first of which does not count, so that what else the machine does falls on both alike; a ratio is
// that of the medians. Wall is what a user waits, cpu is what the process has had of all processors, which a loaded machine
// changes less.
//
// Both sides do the same: the same batch of random tokens, all of one length (so that leaving out padding gains nothing), mean
// pooling, a head for 77 classes, cross-entropy, gradients, one step of AdamW (fused in PyTorch) with weight decay 0.01, no
// dropout. In "frozen" only the last of the six layers and the head are trained; "cached" begins at that layer with stored
// activations, and "cached/frozen" sets ours with the cache, which the trainer has by itself, against a PyTorch script that
// runs the frozen layers in every step. The rows of an optimizer are its step alone on dense gradients, whose norm ours finds, too.
//
// With -random DIR, a folder that models.py has made, there are a ResNet-18 and a ViT-small, too, on random images of 224 x 224.
package main
